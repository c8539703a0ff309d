"""What a sweep that renders only what a search asks for saves, and what it costs: `python -m benchmarks.adaptive RECIPE ... [--full FOLDER]`.

Every recipe is built twice under `build/adaptive`, each time with an empty ledger: rendered whole, and searched. Compared are the pictures
and labels of the train and val prompts, the seconds of the sweep stage, and what the adapters do on the test prompts. With --full the
whole sweeps are those of a project that is built already, and their seconds are not known. The figures go to `build/adaptive/results.json`.
"""

import os
import shutil
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from json import loads
from pathlib import Path
from time import perf_counter

from checks.readme import Column, Results, render
from pipeline.parquet import read_rows, read_shards
from pipeline.paths import Paths
from pipeline.settings import Recipe, read_recipe
from pipeline.tables import LabelRow, Prompt, SweepImage

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "build" / "adaptive"
STAGES = ("prompts", "sweep", "label", "train", "evaluate")
COLUMNS = [
    Column(name="adapter", form="text"),
    Column(name="sweep", form="text"),
    Column(name="pictures a train or val prompt"),
    Column(name="labels within one step", form="percent"),
    Column(name="the same label", form="percent"),
    Column(name="seconds of the sweep stage"),
    Column(name="regret"),
    Column(name="success", form="percent"),
]

Labels = Mapping[str, LabelRow]


@dataclass(frozen=True)
class Built:
    """One project and what it took."""

    recipe: Recipe
    paths: Paths
    seconds: float | None
    """Of the sweep stage with an empty ledger; None where it was built before."""

    def looked_into(self) -> set[str]:
        """The train and val prompts."""
        return {prompt.prompt_id for prompt in read_rows(self.paths.prompts, Prompt) if prompt.split != "test"}

    def pictures(self) -> float:
        """A train or val prompt, w = 0 among them; mean."""
        counts = Counter(picture.prompt_id for picture in read_shards(self.paths.sweeps, SweepImage))
        prompts = self.looked_into()
        return sum(counts[prompt] for prompt in prompts) / len(prompts)

    def labels(self) -> dict[str, LabelRow]:
        """Of the train and val prompts."""
        prompts = self.looked_into()
        return {row.prompt_id: row for row in read_rows(self.paths.labels, LabelRow) if row.prompt_id in prompts}


def agreement(labels: Labels, reference: Labels, ladder: Sequence[float], *, steps: int) -> float:
    """Share of the labels with the reference's outcome, and at most so many steps of the ladder from its scale."""
    return sum(_agrees(labels[prompt], reference[prompt], ladder, steps) for prompt in reference) / len(reference)


def _agrees(label: LabelRow, reference: LabelRow, ladder: Sequence[float], steps: int) -> bool:
    if label.outcome != reference.outcome:
        return False
    if label.scale is None or reference.scale is None:
        return True
    return abs(ladder.index(label.scale) - ladder.index(reference.scale)) <= steps


def build(recipe: Recipe, folder: Path) -> Built:
    """Run all stages in a folder of their own, from nothing."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "data").mkdir(parents=True)
    for name in ("emoji", "models"):
        (folder / "data" / name).symlink_to(ROOT / "data" / name)
    os.environ["GIE_LEDGER"] = str(folder / "ledger")
    paths = Paths(folder, recipe.name)
    seconds: dict[str, float] = {}
    for stage in STAGES:
        start = perf_counter()
        import_module(f"pipeline.{stage}").run(recipe, paths)
        seconds[stage] = perf_counter() - start
    return Built(recipe, paths, seconds["sweep"])


def row(name: str, built: Built, reference: Built) -> list[str | float | list[float] | None]:
    """One line of the table."""
    labels, whole, ladder = built.labels(), reference.labels(), built.recipe.sweep.ladder
    metrics = loads(built.paths.metrics.read_text(encoding="utf-8"))
    return [
        built.recipe.name,
        name,
        round(built.pictures(), 2),
        round(agreement(labels, whole, ladder, steps=1), 4),
        round(agreement(labels, whole, ladder, steps=0), 4),
        None if built.seconds is None else round(built.seconds),
        metrics["regret"],
        metrics["adapter"]["overall"]["success"],
    ]


def main(names: Sequence[str], full: Path | None) -> None:
    """Build, compare, print the table and keep it as JSON."""
    rows: list[list[str | float | list[float] | None]] = []
    for name in names:
        recipe = read_recipe(name, ROOT / "params.yaml")
        searching = recipe.model_copy(update={"sweep": recipe.sweep.model_copy(update={"search": recipe.label})})
        whole = Built(recipe, Paths(full, name), None) if full else build(recipe, FOLDER / name / "whole")
        rows += [row("whole", whole, whole), row("searched", build(searching, FOLDER / name / "searched"), whole)]
        results = Results(made_by=f"python -m benchmarks.adaptive {' '.join(names)}", columns=COLUMNS, rows=rows)
        (FOLDER / "results.json").write_text(results.model_dump_json(indent=1) + "\n", encoding="utf-8")
        sys.stdout.write(render(results))
        sys.stdout.flush()


if __name__ == "__main__":
    arguments = sys.argv[1:]
    at = arguments.index("--full") if "--full" in arguments else len(arguments)
    main(arguments[:at], Path(arguments[at + 1]) if at < len(arguments) else None)
