"""How often each way of asking gives the local judge's label, and what it asks for that: `python -m benchmarks.judges RECIPE [FOLDER]`.

The sweeps of the recipe (in FOLDER, a project up to the sweep stage, else here) go over HTTP to the server that sees with the bundled CLIP. So
what is measured is the way of asking (what the layouts lose, what the search overlooks) and not the model's eyes.
"""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from labeling.choose import choose_label
from labeling.judges.openai import STRATEGIES, AskedJudge
from labeling.verdict import Judge, Label, Sweep, Verdict
from pipeline.judging import open_computing
from pipeline.label import read_sweeps
from pipeline.parquet import read_rows
from pipeline.paths import Paths
from pipeline.settings import Recipe, read_recipe
from pipeline.tables import Prompt
from tests.support.plain_http import PlainHttp
from tests.support.seeing_server import MODEL, Mind, seeing_server

AT_ONCE = 8


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


def judge_all(judge: Judge, sweeps: Sequence[Sweep]) -> Measured:
    """The labels of all sweeps, some at a time."""

    async def run() -> list[Sequence[Verdict]]:
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(sweep: Sweep) -> Sequence[Verdict]:
            async with gate:
                return await judge.judge(sweep)

        return list(await asyncio.gather(*map(one, sweeps)))

    start = perf_counter()
    given = dict(zip((sweep.prompt_id for sweep in sweeps), asyncio.run(run()), strict=True))
    return Measured({name: choose_label(some) for name, some in given.items()}, given, perf_counter() - start)


def looks(measured: Measured) -> float:
    """Pictures that a computing judge looked at, a prompt."""
    return sum(len(given[0].seen) for given in measured.verdicts.values()) / len(measured.verdicts)


def main(name: str, root: Path) -> None:
    """Print the table."""
    recipe: Recipe = read_recipe(name, root / "params.yaml")
    paths = Paths(root, name)
    sweeps = list(read_sweeps(recipe, paths, read_rows(paths.prompts, Prompt)))
    whole = judge_all(open_computing(recipe.label, paths, device="cpu"), sweeps)
    print(f"{name}: {len(sweeps)} sweeps of {len(sweeps[0].images)} pictures")  # noqa: T201 - this is what it is for
    print(f"{'':<16} {'as the local judge':<20}  looks  settled  prompts/s")  # noqa: T201
    rows = [whole.line("local single", whole.labels, looks(whole))]
    bisecting = recipe.label.model_copy(update={"strategy": "bisect"})
    few = judge_all(open_computing(bisecting, paths, device="cpu"), sweeps)
    rows.append(few.line("local bisect", whole.labels, looks(few)))
    for row in rows:
        print(row)  # noqa: T201
    with seeing_server(Mind()) as url:
        for strategy in STRATEGIES:
            asker = PlainHttp(url, MODEL)
            asked = judge_all(AskedJudge(asker, STRATEGIES[strategy]), sweeps)
            calls = len(asker.questions) / len(sweeps)
            print(asked.line(f"openai {strategy}", whole.labels, calls), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2] if len(sys.argv) > 2 else "."))
