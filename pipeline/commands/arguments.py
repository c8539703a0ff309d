"""What several commands take: a recipe's name and the params file."""

from pathlib import Path
from typing import Annotated

import typer


def recipe_names(incomplete: str) -> list[str]:
    """For the shell's completion: the recipes of the params file in this folder."""
    from pipeline.settings import read_params

    return [name for name in read_params().recipes if name.startswith(incomplete)]


RecipeName = Annotated[str, typer.Argument(help="A recipe of the params file.", autocompletion=recipe_names)]
ParamsFile = Annotated[Path, typer.Option("--params", help="The params file; paths in it start at its folder.")]
PARAMS = Path("params.yaml")
