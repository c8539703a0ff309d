"""Which preset, which features, and what to do with absent prompts: `python -m benchmarks.presets` after `make objects`.

Each way is fitted on the tables that the stages left. *left out* is the success by the judge on train and val prompts whose sentence, phrase or
other object the fit did not see, in five folds, as the splits hold them out: what a choice goes by, where it is larger than chance. *test* is the success by the evaluator at the swept scale nearest
to the inferred one, so that nothing is drawn anew; of three fits that differ in their seed.
"""

import hashlib
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Literal

from gie.adapter import Adapter
from pipeline.lessons import Lesson, Tables, collect, read_features
from pipeline.parquet import read_rows
from pipeline.paths import Paths
from pipeline.settings import Recipe, read_recipe
from pipeline.tables import EvaluationRow
from pipeline.train import make_config, read_tables, to_rows
from training.fit import fit
from training.fixed_scale import best_fixed_scale
from training.measure import nearest
from training.presets import DEFAULT, PAPER, Preset

ROOT = Path("build/objects")
ADAPTERS = ("emoji-airplane", "emoji-cat", "emoji-car")
SEEDS = (0, 1, 2)
FOLDS = 5
ALONE = replace(DEFAULT, members=1, noise=0.0, pull=0.0)
NOT_PULLED = replace(DEFAULT, pull=0.0)


@dataclass(frozen=True)
class Way:
    """One way to fit an adapter."""

    name: str
    preset: Preset
    injected: tuple[float, ...]
    absent: Literal["zero", "drop"]
    eot: bool = False


WAYS = (
    Way("paper", PAPER, (1.0,), "drop"),
    Way("paper", PAPER, (1.0,), "zero"),
    Way("default, one network, no noise", ALONE, (1.0,), "zero"),
    Way("default, not pulled", NOT_PULLED, (1.0, 0.0), "zero", eot=True),
    Way("default", DEFAULT, (1.0,), "zero"),
    Way("default", DEFAULT, (1.0, 0.0), "zero"),
    Way("default", DEFAULT, (1.0, 0.0), "zero", eot=True),
    Way("default", DEFAULT, (0.0,), "zero", eot=True),
    Way("default", DEFAULT, (1.0, 0.0), "drop", eot=True),
)


@dataclass(frozen=True)
class Case:
    """One adapter's tables."""

    recipe: Recipe
    paths: Paths

    @cached_property
    def tables(self) -> Tables:
        """What the stages before train wrote."""
        return read_tables(self.recipe, self.paths)

    @cached_property
    def successes(self) -> dict[str, dict[float, bool]]:
        """Test prompt -> swept scale -> success by the evaluator, of prompts that count."""
        found: dict[str, dict[float, bool]] = defaultdict(dict)
        for row in read_rows(self.paths.evaluation, EvaluationRow):
            if row.split == "test" and row.success is not None and row.policy not in {"adapter", "oracle"}:
                found[row.prompt_id][row.scale] = row.success
        return dict(found)


def open_case(name: str) -> Case:
    """The tables that `make objects` left."""
    return Case(read_recipe(name), Paths(ROOT, name))


def score(case: Case, way: Way) -> tuple[float, float]:
    """Success by the judge on what was left out of train and val, and on test by the evaluator, mean over the seeds."""
    lessons, _ = collect(case.tables, injected=way.injected, eot=way.eot, absent=way.absent)
    # absent ones are looked at whether or not they were learned from
    every, _ = collect(case.tables, injected=way.injected, eot=way.eot, absent="zero")
    hits = [hit for fold in range(FOLDS) for hit in by_judge(*_left_out(case, way, lessons, every, fold))]
    features = read_features(case.tables.features, way.injected, eot=way.eot)
    train, val = ([lesson for lesson in lessons if lesson.prompt.split == split] for split in ("train", "val"))
    fits = [fit_way(case, way, train, val, seed=seed) for seed in SEEDS]
    return fmean(hits), fmean(by_evaluator(one, case.successes, features) for one in fits)


def _left_out(
    case: Case, way: Way, lessons: Sequence[Lesson], every: Sequence[Lesson], fold: int
) -> tuple[Adapter, list[Lesson]]:
    """An adapter that never saw the prompts of a fold, nor watched them while it was fitted; and their lessons."""
    watched = (fold + 1) % FOLDS
    train = [lesson for lesson in lessons if fold_of(lesson) not in {fold, watched}]
    val = [lesson for lesson in lessons if fold_of(lesson) == watched]
    return fit_way(case, way, train, val, seed=0), [lesson for lesson in every if fold_of(lesson) == fold]


def fold_of(lesson: Lesson) -> int:
    """What the splits hold out is in one fold: another object, else the phrase, of explicit prompts the sentence."""
    prompt = lesson.prompt
    held_out = prompt.wording if prompt.kind == "explicit" else prompt.other or prompt.word
    return int(hashlib.sha256(held_out.encode()).hexdigest(), 16) % FOLDS


def fit_way(case: Case, way: Way, train: Sequence[Lesson], val: Sequence[Lesson], *, seed: int) -> Adapter:
    """An adapter as the train stage would make it of these lessons."""
    settings = case.recipe.train.model_copy(update={"injected": way.injected, "eot": way.eot})
    recipe = case.recipe.model_copy(update={"train": settings})
    config = make_config(recipe, case.paths, way.preset, best_fixed_scale(lesson.works for lesson in train))
    return fit(to_rows(train), to_rows(val), config=config, preset=way.preset, seed=seed).adapter


def by_judge(adapter: Adapter, lessons: Sequence[Lesson]) -> list[bool]:
    """Whether the inferred scale of each prompt works by the judge; of prompts that count."""
    counted = [lesson for lesson in lessons if lesson.works]
    return [lesson.works[nearest(infer(adapter, lesson.values), lesson.works)] for lesson in counted]


def by_evaluator(
    adapter: Adapter,
    successes: Mapping[str, Mapping[float, bool]],
    features: Mapping[str, Sequence[tuple[float, ...]]],
) -> float:
    """Share of test prompts that succeed at the swept scale nearest to the inferred one."""
    return fmean(swept[nearest(infer(adapter, features[name]), swept)] for name, swept in successes.items())


def infer(adapter: Adapter, values: Sequence[tuple[float, ...]]) -> float:
    """The scale of one prompt, mean over its tokens `[tokens, layers]`."""
    import torch

    return float(adapter.infer(torch.tensor([list(values)])).mean())


def main() -> None:
    """Print one row a way, left out and test of each adapter."""
    cases = [open_case(name) for name in ADAPTERS]
    sys.stdout.write(
        f"{'preset':<31}| features of [EOT] at w | absent | {' | '.join(f'{name:<14}' for name in ADAPTERS)}| mean\n"
    )
    for way in WAYS:
        scores = [score(case, way) for case in cases]
        cells = " | ".join(f"{left:.3f} / {test:.3f}" for left, test in scores)
        mean = f"{fmean(left for left, _ in scores):.3f} / {fmean(test for _, test in scores):.3f}"
        read = ("too, " if way.eot else "") + ", ".join(f"{w:+g}" for w in way.injected)
        sys.stdout.write(f"{way.name:<31}| {read:<22} | {way.absent:<6} | {cells} | {mean}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
