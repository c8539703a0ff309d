"""Sweeps that others rendered: `PROMPT_ID/SCALE.png`, or a CSV or Parquet table with the pictures' paths.

Nothing is opened before it is judged. What is not a sweep is said with the file that is to blame.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from PIL import Image, UnidentifiedImageError
from pydantic import BaseModel, ConfigDict, ValidationError

from gie.errors import InputError
from labeling.verdict import Sweep

PICTURES = (".png", ".jpg", ".jpeg", ".webp")
TABLES = (".csv", ".parquet")
PROMPTS = "prompts.csv"
"""Taken from the folder itself when it lies there."""
R = TypeVar("R", bound=BaseModel)


class Line(BaseModel):
    """One picture of a table; other columns may stand beside these."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    prompt_id: str
    scale: float
    path: str
    """From the table's own folder, unless it is absolute."""
    prompt: str | None = None
    rest: str | None = None


class Words(BaseModel):
    """One prompt of a prompts file; other columns may stand beside these."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    prompt_id: str
    prompt: str
    rest: str | None = None
    """What is asked besides the concept, its parts with ", " between."""


@dataclass(frozen=True)
class Subject:
    """One prompt and where its pictures lie."""

    prompt_id: str
    files: Mapping[float, Path]
    prompt: str = ""
    rest: str = ""

    def open(self, concept: str, synonyms: tuple[str, ...]) -> Sweep:
        """The pictures, as a judge takes them; raises InputError for a file that is none."""
        images = {scale: _open(path) for scale, path in self.files.items()}
        return Sweep(self.prompt, self.rest, concept, synonyms, images, self.prompt_id)


@dataclass
class _Found:
    files: dict[float, Path] = field(default_factory=dict[float, Path])
    prompt: str = ""
    rest: str = ""


def read_subjects(place: Path, prompts: Path | None = None) -> list[Subject]:
    """All sweeps of a folder or table, by prompt id.

    Raises:
        InputError: a file that is no picture of a sweep, a scale that is no number, a sweep without 0 or without another scale.
    """
    found = _from_table(place) if place.suffix.lower() in TABLES else _from_folder(place)
    beside = place / PROMPTS
    for words in _read(prompts or beside, Words) if prompts or beside.is_file() else ():
        if words.prompt_id in found:
            found[words.prompt_id].prompt, found[words.prompt_id].rest = words.prompt, words.rest or ""
    subjects = [Subject(name, each.files, each.prompt, each.rest) for name, each in sorted(found.items())]
    if not subjects:
        raise InputError(f"expected sweeps as {place}/PROMPT_ID/SCALE.png, got none")
    for subject in subjects:
        _check(subject, place)
    return subjects


def _from_folder(place: Path) -> dict[str, _Found]:
    if not place.is_dir():
        raise InputError(f"expected a folder of sweeps, or a {' or '.join(TABLES)} table, got nothing at {place}")
    found: dict[str, _Found] = {}
    for folder in sorted(path for path in place.iterdir() if path.is_dir()):
        files = [path for path in folder.iterdir() if path.suffix.lower() in PICTURES]
        for path in files:
            _put(found.setdefault(folder.name, _Found()).files, _scale(path), path)
    return found


def _from_table(place: Path) -> dict[str, _Found]:
    found: dict[str, _Found] = {}
    for line in _read(place, Line):
        each = found.setdefault(line.prompt_id, _Found())
        _put(each.files, line.scale + 0.0, place.parent / line.path)
        each.prompt, each.rest = line.prompt or each.prompt, line.rest or each.rest
    return found


def _put(files: dict[float, Path], scale: float, path: Path) -> None:
    if scale in files:
        raise InputError(f"expected one picture at {scale:g}, got {files[scale]} and {path}")
    files[scale] = path


def _scale(path: Path) -> float:
    try:
        return float(path.stem) + 0.0  # -0 is 0
    except ValueError as error:
        raise InputError(f"{path}: expected a scale as the name, such as -3.png or 0.png, got {path.stem!r}") from error


def _check(subject: Subject, place: Path) -> None:
    scales = sorted(subject.files, reverse=True)
    if 0.0 not in scales or len(scales) < 2 or scales[0] > 0:
        raise InputError(
            f"{place}, {subject.prompt_id}: expected the plain picture (0) and negative scales, got {', '.join(f'{s:g}' for s in scales)}"
        )


def _read(path: Path, row_type: type[R]) -> Iterator[R]:
    """The rows of a CSV or Parquet file, checked."""
    number = 0
    try:
        for number, row in enumerate(_records(path), start=1):  # noqa: B007 - the number is for the message
            yield row_type.model_validate({name: value for name, value in row.items() if value != ""})
    except FileNotFoundError as error:
        raise InputError(f"expected a table, got no file at {path}") from error
    except ValidationError as error:
        first = error.errors()[0]
        column = ".".join(map(str, first["loc"]))
        raise InputError(f"{path}, row {number}: column {column}: {first['msg']}, got {first['input']!r}") from error


def _records(path: Path) -> Iterable[Mapping[str, Any]]:
    if path.suffix.lower() == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            yield from pq.read_table(path).to_pylist()
        except pa.ArrowInvalid as error:
            raise InputError(f"{path}: expected a Parquet table, got {error}") from error
        return
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _open(path: Path) -> Image.Image:
    try:
        with Image.open(path) as picture:
            return picture.convert("RGB")
    except FileNotFoundError as error:
        raise InputError(f"expected a picture, got no file at {path}") from error
    except UnidentifiedImageError as error:
        raise InputError(f"{path}: expected a picture, got another kind of file") from error
