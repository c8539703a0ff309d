"""Sweeps that the bundled model drew: twenty prompts about airplanes, eight pictures each, made once a session."""

import tempfile
from functools import cache
from pathlib import Path

import pytest

from labeling.verdict import Sweep
from pipeline import prompts as prompts_stage
from pipeline import sweep as sweep_stage
from pipeline.label import read_sweeps
from pipeline.parquet import read_rows
from pipeline.paths import Paths
from pipeline.settings import Recipe, read_recipe
from pipeline.tables import Kind, Prompt, Split

ROOT = Path(__file__).parents[2]
COUNTS: dict[Split, dict[Kind, int]] = {
    "train": {"explicit": 5, "synonym": 4, "implicit": 4, "pair": 5, "benign": 2},
}
SCALES = (-0.4, -0.8, -1.2, -1.6, -2.0, -2.4, -3.0)


def drawn_recipe() -> Recipe:
    """emoji-airplane, in small and with whole sweeps."""
    recipe = read_recipe("emoji-airplane", ROOT / "params.yaml")
    prompts = recipe.prompts.model_copy(update={"counts": COUNTS})
    sweep = recipe.sweep.model_copy(update={"scales": SCALES, "probes": (0.0,), "search": None})
    return recipe.model_copy(update={"prompts": prompts, "sweep": sweep})


@cache
def draw_project() -> Paths:
    """A project folder up to the sweep stage; only read it, and write elsewhere."""
    root = Path(tempfile.mkdtemp(prefix="drawn-"))
    (root / "data").mkdir()
    for name in ("emoji", "models"):
        (root / "data" / name).symlink_to(ROOT / "data" / name)
    recipe, paths = drawn_recipe(), Paths(root, "emoji-airplane")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIE_LEDGER", str(root / "ledger"))
        prompts_stage.run(recipe, paths)
        sweep_stage.run(recipe, paths)
    return paths


def drawn_sweeps() -> list[Sweep]:
    """Its sweeps, with pictures of their own."""
    recipe, paths = drawn_recipe(), draw_project()
    return list(read_sweeps(recipe, paths, read_rows(paths.prompts, Prompt)))
