"""The stages that `dvc repro` runs: their names, their order, and how one is started."""

from importlib import import_module
from pathlib import Path

import typer

STAGES = {
    "prompts": ("prompts",),
    "sweep": ("sweeps", "features"),
    "label": ("labeling",),
    "audit": ("audit",),
    "train": ("adapter_folder",),
    "evaluate": ("metrics", "report"),
}
"""Stage -> the paths that it has written when it ends."""


def run_stage(stage: str, recipe: str, params: Path) -> None:
    """Run one stage of a recipe and say where its outs are."""
    from pipeline.paths import Paths
    from pipeline.settings import read_recipe

    settings, paths = read_recipe(recipe, params), Paths(params.parent, recipe)
    import_module(f"pipeline.{stage}").run(settings, paths)
    for path in STAGES[stage]:
        typer.echo(str(getattr(paths, path)))
