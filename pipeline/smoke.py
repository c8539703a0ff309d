"""`gie smoke`: the whole road in small, and the assertion at its end that the adapter erases.

A handful of fixed prompts says nothing about how good an adapter is; it says that every stage does its part.
"""

from pathlib import Path

from gie.errors import GieError
from pipeline.aside import build
from pipeline.inputs import read_input
from pipeline.paths import Paths
from pipeline.policies import ADAPTER
from pipeline.tables import EvaluationRow

RECIPE = "smoke-airplane"
SEEN, GONE = 5, 0.6
"""The least number of test pictures that show the concept without the adapter, and the least share of them without it with it."""


def run(root: Path) -> str:
    """Build the small recipe under `build/smoke`; a line that says what was erased.

    Raises:
        GieError: too little was erased, or was there to be erased.
    """
    paths = Paths(build("smoke", [RECIPE], root), RECIPE)
    rows = read_input(paths.evaluation, EvaluationRow, stage="evaluate", recipe=RECIPE)
    return verdict([row for row in rows if row.policy == ADAPTER and row.gone is not None])


def verdict(seen: list[EvaluationRow]) -> str:
    """What became of the test prompts whose plain picture shows the concept."""
    gone = sum(bool(row.gone) for row in seen)
    found = f"{len(seen)} with the concept on the plain picture, gone on {gone} of them with the adapter"
    if len(seen) < SEEN or gone < GONE * len(seen):
        raise GieError(f"expected at least {SEEN} test prompts with the concept and {GONE:.0%} erased, got {found}")
    return f"smoke: {found}"
