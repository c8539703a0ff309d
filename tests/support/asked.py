"""Numbered questions whose right answers are known, and an endpoint that asks a scripted server without long waits."""

import asyncio
import json
import re
from collections.abc import Awaitable, Iterable
from random import Random
from typing import Any

from labeling.asking import Answer, Asker, Question
from labeling.endpoint.chat import Address, Endpoint
from labeling.endpoint.retrying import Retries
from tests.support.scripted_server import MODEL, Asked, Reply, completion

SCHEMA = {
    "type": "object",
    "properties": {"scale": {"type": "number"}},
    "required": ["scale"],
    "additionalProperties": False,
}
QUICK = Retries(attempts=6, base_s=0.002, cap_s=0.01)
"""Waits of milliseconds."""


def numbered(number: int, **changed: Any) -> Question:
    """A question about a sweep that has a number."""
    told: dict[str, Any] = {"system": "Judge.", "schema": SCHEMA, "schema_name": "verdict", "max_tokens": 50, **changed}
    return Question(parts=(f"sweep {number}",), **told)


def number_of(asked: Asked) -> int:
    """The number of the sweep that a request asks about."""
    found = re.search(r"sweep (\d+)", asked.text)
    assert found, asked.text
    return int(found[1])


def truth(number: int) -> str:
    """The right answer of a sweep, as a model writes it."""
    return json.dumps({"scale": -float(number % 15)})


def truthful(asked: Asked) -> Reply:
    """Always the right answer, at once."""
    return completion(truth(number_of(asked)))


def endpoint_to(url: str, **changed: Any) -> Endpoint:
    """An endpoint that retries at once; `changed` are its other parts."""
    parts: dict[str, Any] = {"retries": QUICK, **changed}
    timeout_s = parts.pop("timeout_s", 5.0)
    return Endpoint(Address(url, MODEL, timeout_s=timeout_s), **parts)


async def ask_all(asker: Asker, questions: Iterable[Question]) -> list[Answer]:
    """All at once."""
    waiting: list[Awaitable[Answer]] = [asker.ask(question) for question in questions]
    return await asyncio.gather(*waiting)


def chance(*what: object) -> Random:
    """Chance that is the same every time for the same things."""
    return Random(repr(what))  # noqa: S311 - faults, not secrets
