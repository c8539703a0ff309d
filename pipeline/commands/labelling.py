"""The commands around labels: label, audit."""

import typer

from pipeline.commands.arguments import PARAMS, ParamsFile, RecipeName
from pipeline.commands.stages import run_stage


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (label, audit):
        app.command()(command)


def label(recipe: RecipeName, params: ParamsFile = PARAMS) -> None:
    """Judge the sweeps: the weakest scale that erases the concept and keeps the rest."""
    run_stage("label", recipe, params)


def audit(recipe: RecipeName, params: ParamsFile = PARAMS) -> None:
    """Ask the judge what is known already, and ask it again: whether its labels can be trusted."""
    from pipeline.audit import say
    from pipeline.paths import Paths

    run_stage("audit", recipe, params)
    typer.echo(say(Paths(params.parent, recipe)))
