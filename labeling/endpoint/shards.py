"""Requests of an offline batch as files, cut by their bytes.

A file may hold 50,000 requests and 200 MB, and with pictures the bytes run out long before the requests do. A file has its name, which no
other ever had, only when it is whole: what was cut off while writing is not there.
"""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

MOST_BYTES = 190_000_000
MOST_REQUESTS = 50_000


@dataclass
class Shards:
    """The files that are being written into a folder."""

    folder: Path
    most_bytes: int = MOST_BYTES
    most_requests: int = MOST_REQUESTS
    keys: set[str] = field(default_factory=set[str])
    """Of the requests that were written."""
    _file: IO[bytes] | None = None
    _held: int = 0
    """Requests in the file that is open."""

    def add(self, key: str, body: dict[str, Any]) -> None:
        """Write a request under its key; once, however often it is added."""
        if key in self.keys:
            return
        told = {"custom_id": key, "method": "POST", "url": "/v1/chat/completions", "body": body}
        line = json.dumps(told, separators=(",", ":")).encode() + b"\n"
        file = self._room_for(len(line))
        file.write(line)
        self._held += 1
        self.keys.add(key)

    def close(self) -> None:
        """Give the last file its name."""
        if self._file:
            self._file.close()
            aside = Path(self._file.name)
            aside.replace(self.folder / f"{uuid.uuid4().hex}.jsonl")
            self._file, self._held = None, 0

    def _room_for(self, size: int) -> IO[bytes]:
        if self._file and (self._held >= self.most_requests or self._file.tell() + size > self.most_bytes):
            self.close()
        if self._file is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._file = (self.folder / "requests.writing").open("wb")
        return self._file


def whole_files(folder: Path) -> Iterator[Path]:
    """The files that are finished."""
    return iter(sorted(folder.glob("*.jsonl")))
