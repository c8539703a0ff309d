"""An adapter on more prompts than its recipe has: `python -m benchmarks.worlds RECIPE ... [--seeds 7 8 9] [--values concept concept-empty]`.

A world is the recipe with another `prompts.seed`: other sentences in each split, other noise. In each an adapter is made and measured as
`make repro` does it, under `build/worlds` and with the usual ledger; then the test prompts of all worlds are counted together. So a choice
can be made without a look at the recipe's own test prompts, and on more of them. A world of an emoji recipe takes as long as its `make repro`.
"""

import argparse
import sys
from collections.abc import Sequence
from statistics import fmean
from typing import get_args

from benchmarks.measuring import say
from benchmarks.stages import ROOT, empty_project, run_stages
from gie.slots import Values
from pipeline.parquet import read_rows
from pipeline.settings import Recipe, read_recipe
from pipeline.summary import Summary, gain_together, summarise
from pipeline.tables import KINDS, EvaluationRow

FOLDER = ROOT / "build" / "worlds"
STAGES = ("prompts", "sweep", "label", "train", "evaluate")
HEADS = ("", "values", "prompts", "adapter", "fixed w", "oracle", "adapter - fixed, points", *KINDS)


def run_world(recipe: Recipe) -> Summary:
    """Make and measure an adapter."""
    paths = empty_project(recipe, FOLDER / f"{recipe.name}-{recipe.sweep.values}-{recipe.prompts.seed}")
    run_stages(recipe, paths, *STAGES)
    return summarise(read_rows(paths.evaluation, EvaluationRow))


def line(recipe: Recipe, worlds: Sequence[Summary]) -> list[object]:
    """One row of the table; of each kind gone / kept of the adapter, and in brackets of the fixed w that each world's val chose."""
    lead = gain_together(worlds)
    assert lead is not None, "test has prompts that count"
    adapter, constant, oracle = (_rows(worlds, policy) for policy in ("adapter", "best_fixed", "oracle"))
    return [
        recipe.name, recipe.sweep.values, lead.n, *(f"{fmean(bool(row.success) for row in rows):.3f}" for rows in (adapter, constant, oracle)),
        f"{100 * lead.mean:+.1f} [{100 * lead.low:+.1f}, {100 * lead.high:+.1f}]",
        *(f"{_shares(adapter, kind)} ({_shares(constant, kind)})" for kind in KINDS),
    ]  # fmt: skip


def _rows(worlds: Sequence[Summary], name: str) -> list[EvaluationRow]:
    """The counted test rows of one of `Summary.policies`."""
    return [row for world in worlds if (policy := world.policies()[name]) for row in world.of(policy)]


def _shares(every: Sequence[EvaluationRow], kind: str) -> str:
    rows = [row for row in every if row.kind == kind]
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
            rows.append(line(worlds[0], [run_world(world) for world in worlds]))
            say("Adapters on the test prompts of other worlds; of each kind gone / kept in %", HEADS, rows)


def _changed(recipe: Recipe, *, values: Values, seed: int) -> Recipe:
    prompts = recipe.prompts.model_copy(update={"seed": seed})
    return recipe.model_copy(update={"prompts": prompts, "sweep": recipe.sweep.model_copy(update={"values": values})})


if __name__ == "__main__":
    sys.exit(main())
