"""Outs that are never half there: written aside, then renamed; what stood aside is removed on failure.

A stage's out has one writer, so the place aside has a fixed name, and what a killed stage left there goes with the next run.
"""

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

ASIDE = ".writing"


@contextmanager
def replaced_file(path: Path) -> Generator[Path]:
    """Give a path beside `path` to write to; it takes `path`'s place when the block ends, and goes when it raises."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(path.name + ASIDE)
    try:
        yield aside
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


@contextmanager
def replaced_folder(path: Path) -> Generator[Path]:
    """The same for a folder: empty when given, in `path`'s place when the block ends."""
    aside = path.with_name(path.name + ASIDE)
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    try:
        yield aside
        shutil.rmtree(path, ignore_errors=True)
        aside.replace(path)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
