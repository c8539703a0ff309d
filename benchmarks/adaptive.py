"""What a sweep that renders only what a search asks for saves, and what it costs: `python -m benchmarks.adaptive RECIPE ... [--whole FOLDER]`.

Compared with sweeps that are rendered whole: the pictures and labels of the train prompts, the seconds of the sweep stage, and what
the adapters do on the test prompts. Both are built under `build/adaptive`, each with an empty ledger. With --whole, FOLDER is a project with
the whole sweeps, their labels and evaluations, and the searches take their pictures and sights from there: nothing is rendered but what
the adapters draw, so there are no seconds, and minutes are enough. The figures go to `build/adaptive/results.json`.

One fit decides little: two that differ in their seed lie as far apart as the two sweeps do. So regret is also told as the mean of ten fits,
by the evaluator at the swept scale nearest to the inferred one, with its standard error.
"""

import asyncio
import os
import shutil
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from json import loads
from math import sqrt
from pathlib import Path
from statistics import fmean, stdev
from time import perf_counter

from benchmarks.presets import Case, Way, by_evaluator, fit_way
from benchmarks.stages import ROOT, empty_project, run_stages
from checks.readme import Column, Results, render
from labeling.choose import choose_label, choose_scale
from labeling.verdict import Sweep, Verdict
from pipeline.label import write
from pipeline.lessons import collect, read_features
from pipeline.opening import open_sweep
from pipeline.parquet import read_rows, read_shards, write_shards
from pipeline.paths import Paths
from pipeline.render import Rendered, Shot
from pipeline.searching import Searcher
from pipeline.seen import read_seen
from pipeline.settings import Recipe, read_recipe
from pipeline.tables import LabelRow, Prompt, SweepImage, VerdictRow
from training.presets import PRESETS

FOLDER = ROOT / "build" / "adaptive"
FITS = 10
COLUMNS = [
    Column(name="adapter", form="text"),
    Column(name="sweep", form="text"),
    Column(name="pictures a train prompt"),
    Column(name="labels within one step", form="percent"),
    Column(name="the same label", form="percent"),
    Column(name="seconds of the sweep stage"),
    Column(name="regret"),
    Column(name="gone", form="percent"),
    Column(name="kept", form="percent"),
    Column(name="success", form="percent"),
    Column(name="regret, mean of the fits"),
    Column(name="its standard error"),
]

Labels = Mapping[str, LabelRow]
Line = list[str | float | list[float] | None]


@dataclass(frozen=True)
class Built:
    """One project and what it took."""

    recipe: Recipe
    paths: Paths
    seconds: float | None
    """Of the sweep stage with an empty ledger; None where it was not rendered."""

    def learned(self) -> set[str]:
        """The train prompts: what a search looks for."""
        return {prompt.prompt_id for prompt in read_rows(self.paths.prompts, Prompt) if prompt.split == "train"}

    def pictures(self) -> float:
        """A train prompt, w = 0 among them; mean."""
        counts = Counter(picture.prompt_id for picture in read_shards(self.paths.sweeps, SweepImage))
        prompts = self.learned()
        return sum(counts[prompt] for prompt in prompts) / len(prompts)

    def labels(self) -> dict[str, LabelRow]:
        """Of the train prompts."""
        prompts = self.learned()
        return {row.prompt_id: row for row in read_rows(self.paths.labels, LabelRow) if row.prompt_id in prompts}


def regrets(built: Built, reference: Built) -> list[float]:
    """Of adapters that differ in their seed, on the test prompts: one by one, 0 to 1."""
    train = built.recipe.train
    way = Way(train.preset, PRESETS[train.preset], train.injected, train.absent, eot=train.eot)
    case = Case(built.recipe, built.paths)
    swept = Case(reference.recipe, reference.paths).successes
    lessons, _ = collect(case.tables, injected=way.injected, eot=way.eot, absent=way.absent)
    learned, watched = ([one for one in lessons if one.prompt.split == split] for split in ("train", "val"))
    features = read_features(case.tables.features, way.injected, eot=way.eot)
    best = fmean(any(found.values()) for found in swept.values())
    fits = (fit_way(case, way, learned, watched, seed=seed) for seed in range(FITS))
    return [best - by_evaluator(fitted, swept, features) for fitted in fits]


def agreement(labels: Labels, reference: Labels, ladder: Sequence[float], *, steps: int) -> float:
    """Share of the labels with the reference's outcome, and at most so many steps of the ladder from its scale."""
    return sum(_agrees(labels[prompt], reference[prompt], ladder, steps) for prompt in reference) / len(reference)


def _agrees(label: LabelRow, reference: LabelRow, ladder: Sequence[float], steps: int) -> bool:
    if label.outcome != reference.outcome:
        return False
    if label.scale is None or reference.scale is None:
        return True
    return abs(ladder.index(label.scale) - ladder.index(reference.scale)) <= steps


@dataclass(frozen=True)
class Album:
    """Pictures and sights of a project with whole sweeps, in the place of a model and a judge."""

    recipe: Recipe
    rows: Mapping[tuple[str, float], Rendered]
    seen: Mapping[str, VerdictRow]

    def wanted(self, shots: Sequence[Shot]) -> list[Rendered]:
        """One batch, as `pipeline.searching.Darkroom` gives it."""
        return [self.rows[shot.prompt.prompt_id, shot.scale] for shot in shots]

    async def judge(self, sweep: Sweep) -> Sequence[Verdict]:
        """The sights of these pictures; right for judges to whom every picture is a question of its own."""
        told = self.seen[sweep.prompt_id]
        whole = read_seen(told.seen)
        seen = {scale: whole[scale] for scale in sweep.scales}
        names = {name: getattr(told, name) for name in ("judge", "model", "rubric_version", "layout")}
        return [Verdict("ok", choose_scale(seen)[1], seen, **names)]


def open_album(recipe: Recipe, whole: Paths) -> Album:
    """All of a project's pictures; they are in memory."""
    # without features: these are copied whole
    rows = {
        (at := (row.prompt_id, row.scale)): Rendered(*at, row.image, tokens=0, values=())
        for row in read_shards(whole.sweeps, SweepImage)
    }
    return Album(recipe, rows, {row.prompt_id: row for row in read_rows(whole.verdicts, VerdictRow)})


def build(recipe: Recipe, folder: Path) -> Built:
    """Run all stages in a folder of their own, from nothing."""
    paths = begin(recipe, folder)
    run_stages(recipe, paths, "prompts")
    start = perf_counter()
    run_stages(recipe, paths, "sweep")
    seconds = perf_counter() - start
    run_stages(recipe, paths, "label", "train", "evaluate")
    return Built(recipe, paths, seconds)


def replay(recipe: Recipe, folder: Path, whole: Paths) -> Built:
    """The same, the searches over what a project with whole sweeps has."""
    paths = begin(recipe, folder)
    paths.prompts.parent.mkdir()
    shutil.copy(whole.prompts, paths.prompts)
    album, prompts = open_album(recipe, whole), read_rows(whole.prompts, Prompt)
    searched = [prompt for prompt in prompts if recipe.sweep.searches(prompt.split)]
    found = asyncio.run(Searcher(album, album).run(searched))
    skipped = {prompt.prompt_id for prompt in searched}
    rows = sorted(
        [*found, *(row for row in album.rows.values() if row.prompt_id not in skipped)], key=lambda row: row.key
    )
    write_shards(paths.sweeps, SweepImage, (row.picture() for row in rows))
    shutil.copytree(whole.features.parent, paths.features.parent)
    pictures = {name: list(group) for name, group in groupby(rows, key=lambda row: row.prompt_id)}
    sweeps = {
        prompt: open_sweep(recipe, prompt, [row.picture() for row in pictures[prompt.prompt_id]]) for prompt in prompts
    }
    verdicts = {prompt.prompt_id: asyncio.run(album.judge(sweep)) for prompt, sweep in sweeps.items()}
    write(recipe, paths, prompts, {name: choose_label(given) for name, given in verdicts.items()}, verdicts)
    run_stages(recipe, paths, "train", "evaluate")
    return Built(recipe, paths, None)


def begin(recipe: Recipe, folder: Path) -> Paths:
    """An empty project with a ledger of its own."""
    paths = empty_project(recipe, folder)
    os.environ["GIE_LEDGER"] = str(folder / "ledger")
    return paths


def row(name: str, built: Built, reference: Built) -> Line:
    """One line of the table."""
    labels, whole, ladder = built.labels(), reference.labels(), built.recipe.sweep.ladder
    metrics = loads(built.paths.metrics.read_text(encoding="utf-8"))
    fits = regrets(built, reference)
    return [
        built.recipe.name,
        name,
        round(built.pictures(), 2),
        round(agreement(labels, whole, ladder, steps=1), 4),
        round(agreement(labels, whole, ladder, steps=0), 4),
        None if built.seconds is None else round(built.seconds),
        metrics["regret"],
        metrics["gone"],
        metrics["kept"],
        metrics["adapter"]["overall"]["success"],
        round(fmean(fits), 4),
        round(stdev(fits) / sqrt(FITS), 4),
    ]


def compare(name: str, whole: Path | None) -> list[Line]:
    """Two lines of the table."""
    given = read_recipe(name, ROOT / "params.yaml")
    recipe, searching = (
        given.model_copy(update={"sweep": given.sweep.model_copy(update={"search": search})})
        for search in (None, given.label)
    )
    folder = FOLDER / name / "searched"
    if whole:
        reference = Built(recipe, Paths(whole, name), None)
        searched = replay(searching, folder, reference.paths)
    else:
        reference = build(recipe, FOLDER / name / "whole")
        searched = build(searching, folder)
    return [row("whole", reference, reference), row("searched", searched, reference)]


def main(names: Sequence[str], whole: Path | None) -> None:
    """Compare, print the table and keep it as JSON."""
    rows: list[Line] = []
    for name in names:
        rows += compare(name, whole)
        results = Results(made_by=f"python -m benchmarks.adaptive {' '.join(names)}", columns=COLUMNS, rows=rows)
        (FOLDER / "results.json").write_text(results.model_dump_json(indent=1) + "\n", encoding="utf-8")
        sys.stdout.write(render(results))
        sys.stdout.flush()


if __name__ == "__main__":
    arguments = sys.argv[1:]
    at = arguments.index("--whole") if "--whole" in arguments else len(arguments)
    main(arguments[:at], Path(arguments[at + 1]) if at < len(arguments) else None)
