"""`gie data push` and `gie data pull`: what the stages made before training, as a data set on the Hub and back.

Features, labels and verdicts with the prompts they belong to: who has them can train without rendering or paying for anything.
The pictures of the sweeps go along only when they are asked for.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from gie.errors import InputError
from gie.hub import Sent, fetch, send
from pipeline.conditions import read_conditions, write_conditions
from pipeline.hub.data_card import write_data_card
from pipeline.parquet import SHARD_NAME, read_rows, read_shards, write_rows, write_shards
from pipeline.paths import Paths
from pipeline.settings import PublishSettings, Recipe
from pipeline.tables import Feature, LabelRow, Prompt, SweepImage, VerdictRow

CONDITIONS = "conditions.json"
PICTURES = "sweeps"


@dataclass(frozen=True)
class Table:
    """One table of the data set."""

    name: str
    """Of its file, and of its configuration for `load_dataset`."""
    row_type: Any
    path: Path
    """Where the stages have it."""
    stage: str
    """Which makes it."""


def tables(paths: Paths) -> tuple[Table, ...]:
    """All but the pictures."""
    return (
        Table("prompts", Prompt, paths.prompts, "prompts"),
        Table("features", Feature, paths.features, "sweep"),
        Table("labels", LabelRow, paths.labels, "label"),
        Table("verdicts", VerdictRow, paths.verdicts, "label"),
    )


@dataclass(frozen=True)
class Shipping:
    """How the data set is made."""

    repo: str
    private: bool = False
    images: bool = False
    """The sweeps' pictures too."""


def push(recipe: Recipe, paths: Paths, settings: PublishSettings, shipping: Shipping) -> Sent:
    """Send the tables with their card, in one commit or none.

    Raises:
        InputError: a stage has not run, or no right to write there.
        OutsideError: the hub failed; running again goes on from there.
    """
    with TemporaryDirectory() as place:
        folder = Path(place)
        pack(recipe, paths, folder, images=shipping.images)
        card = write_data_card(
            recipe, tables(paths), repo=shipping.repo, license=settings.license, pictures=shipping.images
        )
        (folder / "README.md").write_text(card, encoding="utf-8")
        message = f"Data of {recipe.name}, recipe {recipe.recipe_hash}"
        return send(folder, shipping.repo, kind="dataset", private=shipping.private, message=message)


def pack(recipe: Recipe, paths: Paths, folder: Path, *, images: bool) -> None:
    """Put the stages' files into `folder` under their names there."""
    for table in tables(paths):
        _copy(table.path, folder / f"{table.name}.parquet", table.stage, recipe)
    _copy(paths.conditions, folder / CONDITIONS, "sweep", recipe)
    if images:
        (folder / PICTURES).mkdir()
        for shard in _shards(paths.sweeps):
            shutil.copyfile(shard, folder / PICTURES / shard.name)


def pull(repo: str, paths: Paths, *, revision: str | None = None) -> Iterator[Path]:
    """Fetch a data set and write its tables where the stages have them, validated; the paths.

    Raises:
        InputError: no such data set, or a table with other columns.
        OutsideError: the hub cannot be reached.
    """
    folder = fetch(repo, revision=revision, kind="dataset")
    for table in tables(paths):
        write_rows(table.path, table.row_type, _read(folder / f"{table.name}.parquet", table.row_type, repo))
        yield table.path
    write_conditions(paths.conditions, read_conditions(folder / CONDITIONS))
    yield paths.conditions
    if _shards(folder / PICTURES):
        write_shards(paths.sweeps, SweepImage, read_shards(folder / PICTURES, SweepImage))
        yield paths.sweeps


def _read(file: Path, row_type: Any, repo: str) -> list[Any]:
    if not file.is_file():
        raise InputError(
            f"expected {file.name} in the data set {repo}, got none; only what gie data push sent can be pulled"
        )
    try:
        return read_rows(file, row_type)
    except ValueError as error:
        raise InputError(f"{repo}: {file.name}: {error}") from error


def _copy(source: Path, target: Path, stage: str, recipe: Recipe) -> None:
    if not source.exists():
        raise InputError(f"expected {source}, got nothing there; run gie {stage} {recipe.name} first")
    shutil.copyfile(source, target)


def _shards(folder: Path) -> list[Path]:
    return sorted(folder.glob(SHARD_NAME.replace("{:05d}", "*")))
