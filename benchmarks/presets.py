"""Which preset, features at which w, and what to do with absent prompts: `python -m benchmarks.presets` after `make objects`.

Each way is fitted with three seeds on the tables that the stages left. *val* is the success by the judge, by which the default was
chosen; *test* the success by the evaluator at the swept scale nearest to the inferred one, so that nothing is drawn anew.
"""

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
from training.measure import measure, nearest
from training.presets import DEFAULT, PAPER, Preset

ROOT = Path("build/objects")
ADAPTERS = ("emoji-airplane", "emoji-cat", "emoji-car")
SEEDS = (0, 1, 2)
ALONE = replace(DEFAULT, members=1, noise=0.0)


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
    Way("default, no noise", replace(DEFAULT, noise=0.0), (1.0,), "zero"),
    Way("default", DEFAULT, (1.0,), "zero"),
    Way("default", DEFAULT, (0.0,), "zero"),
    Way("default", DEFAULT, (1.0, 0.0), "zero"),
    Way("default", DEFAULT, (1.0, 0.0), "drop"),
    Way("default", DEFAULT, (1.0, 0.0, -1.0), "zero"),
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
    """Success on val by the judge and on test by the evaluator, mean over the seeds."""
    lessons, _ = collect(case.tables, injected=way.injected, eot=way.eot, absent=way.absent)
    train, val = ([lesson for lesson in lessons if lesson.prompt.split == split] for split in ("train", "val"))
    recipe = case.recipe.model_copy(
        update={"train": case.recipe.train.model_copy(update={"injected": way.injected, "eot": way.eot})}
    )
    config = make_config(recipe, case.paths, way.preset, best_fixed_scale(lesson.works for lesson in train))
    rows = to_rows(train), to_rows(val)
    fits = [fit(*rows, config=config, preset=way.preset, seed=seed).adapter for seed in SEEDS]
    # absent ones count on val whether or not they were learned from
    every, _ = collect(case.tables, injected=way.injected, eot=way.eot, absent="zero")
    watched = [lesson for lesson in every if lesson.prompt.split == "val"]
    features = read_features(case.tables.features, way.injected, eot=way.eot)
    return fmean(by_judge(one, watched) for one in fits), fmean(
        by_evaluator(one, case.successes, features) for one in fits
    )


def by_judge(adapter: Adapter, lessons: Sequence[Lesson]) -> float:
    """Share of prompts whose inferred scale works by the judge."""
    scales = [infer(adapter, lesson.values) for lesson in lessons]
    found = measure(scales, [lesson.weakest for lesson in lessons], [lesson.works for lesson in lessons])
    return found["success"] or 0.0


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
    """Print one row a way, val and test of each adapter."""
    cases = [open_case(name) for name in ADAPTERS]
    sys.stdout.write(f"{'preset':<31}| features   | absent | {' | '.join(f'{name:<14}' for name in ADAPTERS)}| mean\n")
    for way in WAYS:
        scores = [score(case, way) for case in cases]
        cells = " | ".join(f"{val:.3f} / {test:.3f}" for val, test in scores)
        mean = f"{fmean(val for val, _ in scores):.3f} / {fmean(test for _, test in scores):.3f}"
        injected = ", ".join(f"{w:+g}" for w in way.injected)
        sys.stdout.write(f"{way.name:<31}| {injected:<10} | {way.absent:<6} | {cells} | {mean}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
