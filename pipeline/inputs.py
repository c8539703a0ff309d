"""What a stage reads from the stage before it: a missing table is said with the command that makes it."""

from pathlib import Path

from gie.errors import InputError
from pipeline.parquet import R, read_rows


def read_input(path: Path, row_type: type[R], *, stage: str, recipe: str) -> list[R]:
    """All rows of a table; raises InputError when `stage` has not written it."""
    if not path.exists():
        raise InputError(f"expected {path}, got nothing there; run gie {stage} {recipe} first")
    return read_rows(path, row_type)
