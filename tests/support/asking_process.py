"""A process that asks numbered questions and keeps the answers on disk, to be killed at any moment."""

import asyncio
import os
from pathlib import Path

import openai.resources.chat.completions

from labeling.asking import Answer
from labeling.endpoint.flight import Flight
from labeling.endpoint.remembering import Remembering
from pipeline.ledger import Ledger
from tests.support.asked import endpoint_to, numbered

LOADED = openai.resources.chat.completions.__name__
"""Imported before the process forks: the client takes most of a second."""


def ask_numbered(url: str, folder: Path, count: int, most: int) -> None:
    """Ask all; each number whose answer the asker has returned is written down at once, whatever happens to it then."""

    async def run() -> None:
        async with endpoint_to(url, flight=Flight(most)) as endpoint:
            asker = Remembering(endpoint, Ledger(folder), identity=endpoint.identity)
            log = os.open(folder / "returned", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

            async def ask(number: int) -> None:
                answer: Answer = await asker.ask(numbered(number))
                os.write(log, f"{number} {answer.outcome}\n".encode())

            await asyncio.gather(*map(ask, range(count)))

    asyncio.run(run())
