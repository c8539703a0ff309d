"""Files of requests at the endpoint: handed in once, waited for, fetched.

A batch carries its file's name in its metadata, at the endpoint. So a run that was killed between handing in and writing that
down finds its batch again instead of paying for another one.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from labeling.endpoint.chat import Address
from labeling.endpoint.failing import read_error
from labeling.endpoint.retrying import Retries
from labeling.endpoint.scrubbing import scrub
from labeling.endpoint.shards import whole_files

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from openai.types import Batch

T = TypeVar("T")
OVER = {"completed", "failed", "expired", "cancelled"}
SHARD = "requests"


@dataclass
class Batches:
    """The batches of one folder of files; to be used inside `async with`."""

    address: Address
    folder: Path
    retries: Retries = field(default_factory=Retries)
    _client: "AsyncOpenAI | None" = None

    async def __aenter__(self) -> Self:
        """Opens the client; raises LabelingError when there is no key."""
        self._client = self.address.open_client()
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._client
        await self._client.close()

    async def submit(self) -> None:
        """Hand in every file that is not there yet.

        Raises:
            ConnectionError: the endpoint did not take it.
        """
        there = await self.find()
        for path in whole_files(self.folder):
            if path.stem not in there:
                await self._hand_in(path)

    async def find(self) -> "dict[str, Batch]":
        """Name of a file -> its batch, of all files in the folder that were handed in."""
        wanted = {path.stem for path in whole_files(self.folder)}
        if not wanted:
            return {}
        return await self._patiently(lambda: self._list(wanted))

    async def wait(self, poll_s: float) -> "dict[str, Batch]":
        """`find`, when all of them are over."""
        while True:
            there = await self.find()
            if all(batch.status in OVER for batch in there.values()):
                return there
            await asyncio.sleep(poll_s)

    async def fetch(self, batch: "Batch") -> Iterator[dict[str, Any]]:
        """The lines of a batch that is over: its results and its errors; an expired one has those that were done in time."""
        texts = [await self._read(file) for file in (batch.output_file_id, batch.error_file_id) if file]
        return (json.loads(line) for text in texts for line in text.splitlines() if line.strip())

    async def _list(self, wanted: set[str]) -> "dict[str, Batch]":
        found: dict[str, Batch] = {}
        async for batch in self._open().batches.list(limit=100):
            name = (batch.metadata or {}).get(SHARD, "")
            if name in wanted:
                found.setdefault(name, batch)
            if len(found) == len(wanted):
                break
        return found

    async def _hand_in(self, path: Path) -> None:
        async def upload() -> str:
            with path.open("rb") as file:
                return (await self._open().files.create(file=file, purpose="batch")).id

        uploaded = await self._patiently(upload)

        async def create() -> None:
            if await self._list({path.stem}):
                return  # the answer to an earlier attempt was lost
            await self._open().batches.create(
                input_file_id=uploaded,
                endpoint="/v1/chat/completions",
                completion_window="24h",
                metadata={SHARD: path.stem},
            )

        await self._patiently(create)

    async def _read(self, file: str) -> str:
        async def read() -> str:
            content = await self._open().files.content(file)
            return scrub(content.text, self._open().api_key)

        return await self._patiently(read)

    async def _patiently(self, call: Callable[[], Awaitable[T]]) -> T:
        """Call until it works; raises ConnectionError when it does not."""
        from openai import APIError

        attempt = 0
        while True:
            try:
                return await call()
            except APIError as error:
                failure = read_error(error)
            attempt += 1
            pause = self.retries.pause(attempt, failure)
            if pause is None:
                reason = scrub(failure.reason, self._open().api_key)
                raise ConnectionError(f"expected {self.address.shown} to take batches, got {reason}")
            await asyncio.sleep(pause)

    def _open(self) -> "AsyncOpenAI":
        assert self._client, "expected to be inside async with"
        return self._client
