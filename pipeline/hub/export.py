"""`gie export RECIPE`: the folder that publishing uploads, so that it can be looked at first.

The same outs give the same bytes: nothing in it tells the time or who made it, so publishing twice makes one commit.
"""

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gie.adapter import WEIGHTS_FILE
from gie.adapter_config import CONFIG_FILE
from pipeline.files import replaced_folder
from pipeline.hub.card import EXAMPLES, write_card
from pipeline.hub.facts import Facts, gather_facts
from pipeline.lessons import Lesson
from pipeline.parquet import write_rows
from pipeline.paths import Paths
from pipeline.settings import PublishSettings, Recipe
from pipeline.tables import LessonRow

CARD_FILE, LABELS_FILE, METRICS_FILE, PROVENANCE_FILE = "README.md", "labels.parquet", "metrics.json", "provenance.json"


@dataclass(frozen=True)
class Wishes:
    """What goes along with the adapter and its card."""

    labels: bool = False
    """What it learned from: the adapter can be trained again."""
    metrics: bool = False
    """The whole evaluation in numbers."""
    images: bool = False
    """Pictures without and with the adapter; the card then says that they are not for all audiences."""


def export(recipe: Recipe, paths: Paths, settings: PublishSettings, *, repo: str, wishes: Wishes) -> Facts:
    """Write `paths.exported` for the repository `repo`; what its card tells.

    Raises:
        InputError: a stage has not run.
    """
    facts = gather_facts(recipe, paths)
    with replaced_folder(paths.exported) as aside:
        for name in (CONFIG_FILE, WEIGHTS_FILE):
            shutil.copyfile(paths.adapter_folder / name, aside / name)
        if wishes.labels:
            write_rows(aside / LABELS_FILE, LessonRow, lesson_rows(recipe, paths))
        if wishes.metrics:
            shutil.copyfile(paths.metrics, aside / METRICS_FILE)
        if wishes.images:
            _draw_examples(paths, aside / EXAMPLES)
        card = write_card(facts, repo, license=settings.license, pictures=wishes.images)
        (aside / CARD_FILE).write_text(card, encoding="utf-8")
        _write_provenance(recipe, paths, aside)
    return facts


def hashes(folder: Path) -> dict[str, str]:
    """File name -> sha256, of all files but the one that lists them."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name != PROVENANCE_FILE)
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def lesson_rows(recipe: Recipe, paths: Paths) -> list[LessonRow]:
    """What the train stage learned from and watched, one row a prompt and token."""
    from pipeline.lessons import collect
    from pipeline.train import read_tables

    settings = recipe.train
    lessons, _ = collect(
        read_tables(recipe, paths), injected=settings.injected, eot=settings.eot, absent=settings.absent
    )
    return [row for lesson in lessons for row in _rows(lesson)]


def _rows(lesson: Lesson) -> Sequence[LessonRow]:
    prompt = lesson.prompt
    return [
        LessonRow(
            prompt_id=prompt.prompt_id,
            token=token,
            prompt=prompt.prompt,
            kind=prompt.kind,
            split=prompt.split,
            weakest=lesson.weakest,
            strongest=lesson.strongest,
            values=values,
        )
        for token, values in enumerate(lesson.values)
    ]


def _write_provenance(recipe: Recipe, paths: Paths, folder: Path) -> None:
    content: dict[str, Any] = {
        "files": hashes(folder),
        "made_with": json.loads(paths.train_metrics.read_text(encoding="utf-8")).get("made_with", {}),
        "recipe": recipe.model_dump(mode="json"),
    }
    (folder / PROVENANCE_FILE).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _draw_examples(paths: Paths, file: Path) -> None:
    from pipeline.strip import draw_without_and_with

    draw_without_and_with(paths).save(file, "PNG", optimize=True)
