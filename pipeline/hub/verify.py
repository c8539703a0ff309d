"""`gie verify USER/NAME`: are these the files that were published, and is this the adapter that they make?

The hashes say whether a file was changed afterwards. Training again, from the published labels and features, says whether the weights
are what the recipe gives: bit for bit where torch and processor are the same, else within a tolerance.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from gie.adapter import Adapter
from gie.errors import GieError, InputError
from gie.hub import fetch
from pipeline.hub.export import LABELS_FILE, PROVENANCE_FILE, hashes
from pipeline.parquet import read_rows
from pipeline.settings import TrainSettings
from pipeline.tables import LessonRow, Split
from pipeline.train import made_with, preset_of
from training.fit import Running, fit
from training.rows import Rows

STEPS = 0.5
"""Tolerance in steps of the sweep: a label is no finer than a step, so a scale off by half of one is still the same choice."""


@dataclass(frozen=True)
class Verification:
    """What was found; anything worse is raised."""

    commit: str
    files: int
    """Whose hashes are as published."""
    retrained: str
    """How the weights compare, or why they were not made again."""


def verify(repo: str, revision: str | None = None) -> Verification:
    """Download, check, train again and compare.

    Raises:
        InputError: no such repository, or one that `gie publish` did not make.
        GieError: a file is not as published, or the weights are not what the labels and features give.
        OutsideError: the hub cannot be reached.
    """
    folder = fetch(repo, revision=revision)
    provenance = _read_provenance(folder, repo)
    _compare_hashes(folder, provenance["files"], repo)
    retrained = (
        _retrain(folder, provenance) if LABELS_FILE in provenance["files"] else "not made again: no labels there"
    )
    return Verification(folder.name, len(provenance["files"]), retrained)


def _read_provenance(folder: Path, repo: str) -> dict[str, Any]:
    path = folder / PROVENANCE_FILE
    if not path.is_file():
        raise InputError(f"expected {PROVENANCE_FILE} in {repo}, got none; only what gie publish sent can be verified")
    return json.loads(path.read_text(encoding="utf-8"))


def _compare_hashes(folder: Path, expected: dict[str, str], repo: str) -> None:
    got = hashes(folder)
    wrong = sorted(name for name, digest in expected.items() if got.get(name) != digest)
    if wrong:
        raise GieError(f"{repo}: expected the files as they were published, got others or none for {', '.join(wrong)}")


def _retrain(folder: Path, provenance: dict[str, Any]) -> str:
    published = Adapter.from_pretrained(folder)
    settings = TrainSettings.model_validate(provenance["recipe"]["train"])
    lessons = read_rows(folder / LABELS_FILE, LessonRow)
    again = fit(
        to_rows(lessons, "train"),
        to_rows(lessons, "val"),
        config=published.config,
        preset=preset_of(settings),
        seed=settings.seed,
        running=Running(settings.accelerator, settings.precision),
    ).adapter
    if _same_bits(published, again):
        return "bit-identical"
    there, here = provenance["made_with"], made_with(settings)
    if there == here:
        raise GieError(f"expected the published weights bit for bit, got others; both were made with {here}")
    return _compare_scales(published, again, lessons, f"made with {there}, here {here}")


def to_rows(lessons: list[LessonRow], split: Split) -> Rows:
    """The rows of one split as the train stage had them."""
    part = [lesson for lesson in lessons if lesson.split == split]
    return Rows(
        features=torch.tensor([lesson.values for lesson in part]),
        weakest=torch.tensor([lesson.weakest for lesson in part]),
        strongest=torch.tensor([lesson.strongest for lesson in part]),
        kinds=tuple(lesson.kind for lesson in part),
    )


def _same_bits(one: Adapter, other: Adapter) -> bool:
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def _compare_scales(published: Adapter, again: Adapter, lessons: list[LessonRow], reason: str) -> str:
    """Raise GieError where the two find scales further apart than the tolerance, on any of the published features.

    Before the weakest ones are taken for 0: there the last bits decide, and where all are there is nothing to compare.
    """
    features, smallest = torch.tensor([lesson.values for lesson in lessons]), published.config.scales.smallest
    first, second = (adapter(features).clamp(smallest, 0) for adapter in (published, again))
    apart = float((first - second).abs().max())
    allowed = STEPS * published.config.scales.step
    if apart > allowed:
        raise GieError(
            f"expected scales within {allowed:g} of the published adapter's, got {apart:.2g} apart; {reason}"
        )
    return f"scales within {apart:.2g} (allowed {allowed:g}): {reason}"
