"""An adapter on more prompts than its recipe has: `python -m benchmarks.worlds RECIPE ... [--seeds 7 8 9] [--values concept concept-empty]`.

A world is the recipe with another `prompts.seed`: other sentences in each split, other noise. In each an adapter is made and measured as
`make repro` does it, under `build/worlds` and with the usual ledger; then the test prompts of all worlds are counted together. So a choice
can be made without a look at the recipe's own test prompts, and on more of them. A world of an emoji recipe takes as long as its `make repro`.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import get_args

from benchmarks.measuring import say
from benchmarks.stages import ROOT, empty_project, run_stages
from gie.slots import Values
from pipeline.bootstrap import paired_difference
from pipeline.parquet import read_rows
from pipeline.policies import ADAPTER, ORACLE, best_fixed, fixed
from pipeline.settings import Recipe, read_recipe
from pipeline.tables import KINDS, EvaluationRow

FOLDER = ROOT / "build" / "worlds"
STAGES = ("prompts", "sweep", "label", "train", "evaluate")
HEADS = ("", "values", "prompts", "adapter", "fixed w", "oracle", "adapter - fixed, points", *KINDS)


@dataclass(frozen=True)
class Pair:
    """One test prompt under both policies, and whether any scale succeeds."""

    adapter: EvaluationRow
    fixed: EvaluationRow
    reachable: bool


def run_world(recipe: Recipe) -> list[Pair]:
    """Make and measure an adapter; its test prompts that count."""
    paths = empty_project(recipe, FOLDER / f"{recipe.name}-{recipe.sweep.values}-{recipe.prompts.seed}")
    run_stages(recipe, paths, *STAGES)
    return pairs(read_rows(paths.evaluation, EvaluationRow))


def pairs(rows: Sequence[EvaluationRow]) -> list[Pair]:
    """The test prompts of one evaluation, the adapter beside the fixed w that is the best on val."""
    scale = best_fixed([row for row in rows if row.split == "val"])
    assert scale is not None, "val has prompts that count"
    by = {policy: _of(rows, policy) for policy in (ADAPTER, fixed(scale), ORACLE)}
    return [
        Pair(row, by[fixed(scale)][prompt], reachable=bool(by[ORACLE][prompt].success))
        for prompt, row in by[ADAPTER].items()
    ]


def _of(rows: Iterable[EvaluationRow], policy: str) -> dict[str, EvaluationRow]:
    return {
        row.prompt_id: row for row in rows if row.policy == policy and row.split == "test" and row.success is not None
    }


def line(recipe: Recipe, found: Sequence[Pair]) -> list[object]:
    """One row of the table; of each kind gone / kept of the adapter, and of the fixed w in brackets."""
    adapter, constant = ([float(bool(row.success)) for row in rows] for rows in _columns(found))
    lead = paired_difference(adapter, constant)
    return [
        recipe.name, recipe.sweep.values, len(found), f"{fmean(adapter):.3f}", f"{fmean(constant):.3f}",
        f"{fmean(pair.reachable for pair in found):.3f}", f"{100 * lead.mean:+.1f} [{100 * lead.low:+.1f}, {100 * lead.high:+.1f}]",
        *("{} ({})".format(*map(_shares, _columns([pair for pair in found if pair.adapter.kind == kind]))) for kind in KINDS),
    ]  # fmt: skip


def _columns(found: Sequence[Pair]) -> tuple[list[EvaluationRow], list[EvaluationRow]]:
    return [pair.adapter for pair in found], [pair.fixed for pair in found]


def _shares(rows: Sequence[EvaluationRow]) -> str:
    columns = [[row.gone for row in rows if row.gone is not None], [bool(row.kept) for row in rows]]
    return " / ".join(f"{100 * fmean(column):.0f}" if column else "–" for column in columns)


def main(told: Sequence[str] | None = None) -> None:
    """Print the table again whenever a recipe's worlds are done."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="+")
    parser.add_argument("--seeds", nargs="+", type=int, default=[7, 8, 9])
    parser.add_argument("--values", nargs="+", choices=get_args(Values), help="by default the recipe's own")
    asked = parser.parse_args(told)
    rows: list[list[object]] = []
    for name in asked.recipes:
        recipe = read_recipe(name, ROOT / "params.yaml")
        tried: Sequence[Values] = asked.values or [recipe.sweep.values]
        for values in tried:
            worlds = [_changed(recipe, values=values, seed=seed) for seed in asked.seeds]
            rows.append(line(worlds[0], [pair for world in worlds for pair in run_world(world)]))
            say("Adapters on the test prompts of other worlds; of each kind gone / kept in %", HEADS, rows)


def _changed(recipe: Recipe, *, values: Values, seed: int) -> Recipe:
    prompts = recipe.prompts.model_copy(update={"seed": seed})
    return recipe.model_copy(update={"prompts": prompts, "sweep": recipe.sweep.model_copy(update={"values": values})})


if __name__ == "__main__":
    sys.exit(main())
