"""How often each way of asking gives the local judge's label, and what it asks for that: `python -m benchmarks.judges RECIPE [FOLDER]`.

The sweeps of the recipe (in FOLDER, a project up to the sweep stage, else here) go over HTTP to the server that sees with the bundled CLIP. So
what is measured is the way of asking (what the layouts lose, what the search overlooks) and not the model's eyes.
"""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from labeling.choose import choose_label
from labeling.judges.openai import STRATEGIES
from labeling.verdict import Label, Sweep, Verdict
from pipeline.bench import Bench
from pipeline.judging import open_judge
from pipeline.label import read_sweeps
from pipeline.ledger import Ledger
from pipeline.parquet import read_rows
from pipeline.paths import Paths
from pipeline.settings import LabelSettings, Recipe, read_recipe
from pipeline.tables import Prompt
from tests.support.seeing_server import MODEL, Mind, seeing_server

AT_ONCE = 8
PROBES = 3
"""Questions before the first one about a sweep."""


@dataclass(frozen=True)
class Measured:
    """What one way of asking gave."""

    labels: dict[str, Label]
    verdicts: dict[str, Sequence[Verdict]]
    seconds: float

    def line(self, name: str, reference: dict[str, Label], looks: float) -> str:
        """One row of the table; `looks` are the questions, or the pictures looked at, a prompt."""
        pairs = [(label, reference[prompt]) for prompt, label in self.labels.items()]
        same = sum((one.outcome, one.scale) == (other.outcome, other.scale) for one, other in pairs)
        settled = sum(any("-bisection" in verdict.layout for verdict in given) for given in self.verdicts.values())
        rate = len(self.labels) / self.seconds
        return f"{name:<16} {same:>4} of {len(pairs)}  {same / len(pairs):>6.1%}  {looks:>6.2f}  {settled:>7}  {rate:>6.1f}"


def judge_all(settings: LabelSettings, paths: Paths, sweeps: Sequence[Sweep]) -> Measured:
    """The labels of all sweeps, some at a time, with a ledger of their own."""

    async def run() -> Bench:
        with TemporaryDirectory() as folder:
            async with open_judge(settings, paths, Ledger(Path(folder)), device="cpu") as judge:
                bench = Bench(judge, AT_ONCE)
                await bench.run(sweeps, total=len(sweeps), title=f"{settings.judge} {settings.strategy}")
        return bench

    start = perf_counter()
    given = asyncio.run(run()).verdicts
    return Measured({name: choose_label(some) for name, some in given.items()}, given, perf_counter() - start)


def looks(measured: Measured) -> float:
    """Pictures that a computing judge looked at, a prompt."""
    return sum(len(given[0].seen) for given in measured.verdicts.values()) / len(measured.verdicts)


def main(name: str, root: Path) -> None:
    """Print the table."""
    recipe: Recipe = read_recipe(name, root / "params.yaml")
    paths = Paths(root, name)
    sweeps = list(read_sweeps(recipe, paths, read_rows(paths.prompts, Prompt)))
    print(f"{name}: {len(sweeps)} sweeps of {len(sweeps[0].images)} pictures")  # noqa: T201 - this is what it is for
    print(f"{'':<16} {'as the local judge':<20}  looks  settled  prompts/s")  # noqa: T201
    whole = judge_all(recipe.label, paths, sweeps)
    bisecting = recipe.label.model_copy(update={"strategy": "bisect"})
    few = judge_all(bisecting, paths, sweeps)
    print(whole.line("local single", whole.labels, looks(whole)))  # noqa: T201
    print(few.line("local bisect", whole.labels, looks(few)), flush=True)  # noqa: T201
    mind = Mind()
    with seeing_server(mind) as url:
        for strategy in STRATEGIES:
            mind.questions.clear()
            asked = {"judge": "openai", "model": MODEL, "base_url": url, "strategy": strategy}
            measured = judge_all(LabelSettings.model_validate(asked), paths, sweeps)
            calls = (len(mind.questions) - PROBES) / len(sweeps)
            print(measured.line(f"openai {strategy}", whole.labels, calls), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2] if len(sys.argv) > 2 else "."))
