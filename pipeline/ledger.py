"""What cost time or money, kept by what it was made from, outside the outs of the stages.

DVC removes a stage's outs when the stage starts. So a rendered batch or a judge's answer goes into the ledger first, under the
hash of everything that decided it, and the stage writes its out from there: a stopped run loses nothing that was finished, a
repeated run pays for nothing, and a changed input never meets an old answer. Entries are written aside and renamed, never
changed; the folder may be deleted at any time, and shared by projects and processes.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.parquet import R, load_rows, save_rows


def default_folder() -> Path:
    """`GIE_LEDGER`, else `gie/ledger` in the user's cache folder."""
    if folder := os.environ.get("GIE_LEDGER"):
        return Path(folder).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gie" / "ledger"


def ledger_key(**parts: Any) -> str:
    """64 hex digits of everything that decides an entry: JSON values, in any order."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True)
class Ledger:
    """Entries by key: tables of one row type, or JSON values."""

    folder: Path

    def has_rows(self, key: str) -> bool:
        """Whether rows were put under this key; they may be damaged."""
        return self._path(key, "parquet").exists()

    def get_rows(self, key: str, row_type: type[R]) -> list[R] | None:
        """The rows put under this key; None when there are none, or when the file is damaged."""
        import pyarrow as pa

        try:
            return list(load_rows(self._path(key, "parquet"), row_type))
        except (FileNotFoundError, pa.ArrowInvalid):
            return None

    def put_rows(self, key: str, row_type: type[R], rows: Sequence[R]) -> None:
        """Keep rows in the order of their keys; they are there for good when this returns."""
        self._put(self._path(key, "parquet"), lambda aside: save_rows(aside, row_type, rows))

    def get_json(self, key: str) -> Any:
        """The value put under this key; None when there is none, or when the file is damaged."""
        try:
            return json.loads(self._path(key, "json").read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError, UnicodeDecodeError):
            return None

    def put_json(self, key: str, value: Any) -> None:
        """Keep a JSON value other than null."""
        text = json.dumps(value, ensure_ascii=False, indent=1)
        self._put(self._path(key, "json"), lambda aside: aside.write_text(text, encoding="utf-8"))

    def _path(self, key: str, suffix: str) -> Path:
        return self.folder / key[:2] / f"{key}.{suffix}"

    def _put(self, path: Path, write: Callable[[Path], object]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # A name of its own, for several processes may put the same entry at once.
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".writing", delete=False) as file:
            aside = Path(file.name)
        try:
            write(aside)
            with aside.open("rb") as file:
                os.fsync(file.fileno())
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
