"""A recipe's stages, run in a project folder of their own."""

import shutil
from importlib import import_module
from pathlib import Path

from pipeline.paths import Paths
from pipeline.settings import Recipe

ROOT = Path(__file__).parent.parent


def empty_project(recipe: Recipe, folder: Path) -> Paths:
    """A project with nothing but the models and the vocabulary; what was in the folder is gone."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "data").mkdir(parents=True)
    for name in ("emoji", "models"):
        (folder / "data" / name).symlink_to(ROOT / "data" / name)
    return Paths(folder, recipe.name)


def run_stages(recipe: Recipe, paths: Paths, *stages: str) -> None:
    """One after the other."""
    for stage in stages:
        import_module(f"pipeline.{stage}").run(recipe, paths)
