"""The command line: one command a stage, each of them thin. What is heavy is imported when a command needs it."""

import os
import warnings
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from pipeline.commands import erase, hub, labelling, walkthrough
from pipeline.commands.arguments import PARAMS, ParamsFile, RecipeName, recipe_names
from pipeline.commands.stages import run_stage
from pipeline.failures import explain


class OneLineErrors(TyperGroup):
    """Ends with one line and a code for every failure that is not a mistake of ours."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except (Exception, KeyboardInterrupt) as error:
            if not (failure := explain(error)):
                raise  # a mistake of ours, or typer's own way to end
            typer.echo(f"gie: {failure.line}", err=True)
            raise typer.Exit(failure.code) from error


app = typer.Typer(
    cls=OneLineErrors,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Keep a concept out of a diffusion model's pictures. The stages, in the order of the data: "
    "prompts, sweep, label, audit, train, evaluate.",
)


@app.command()
def prompts(recipe: RecipeName, params: ParamsFile = PARAMS) -> None:
    """Write the sentences that ask for the concept, in every way, and for other things."""
    run_stage("prompts", recipe, params)


@app.command()
def sweep(recipe: RecipeName, params: ParamsFile = PARAMS) -> None:
    """Render every prompt at every scale, and read the features of the first step."""
    run_stage("sweep", recipe, params)


labelling.add_to(app)


@app.command()
def train(recipe: RecipeName, params: ParamsFile = PARAMS) -> None:
    """Fit the adapter that infers the scale of a prompt."""
    run_stage("train", recipe, params)


@app.command()
def evaluate(recipe: RecipeName, params: ParamsFile = PARAMS) -> None:
    """Measure the adapter on prompts that it has never seen, and write the report."""
    from pipeline.evaluate import say
    from pipeline.paths import Paths

    run_stage("evaluate", recipe, params)
    typer.echo(say(Paths(params.parent, recipe)))


@app.command()
def summary(params: ParamsFile = PARAMS) -> None:
    """Say where the selected adapters are, and the three numbers that matter."""
    from pipeline.closing import closing_lines
    from pipeline.paths import Paths
    from pipeline.settings import read_params

    for name in read_params(params).adapters:
        for line in closing_lines(Paths(params.parent, name)):
            typer.echo(line)


@app.command()
def objects(adapters: Annotated[list[str], typer.Argument(help="Recipes.", autocompletion=recipe_names)]) -> None:
    """Build these adapters under build/objects, and the README's table and pictures of them."""
    from pipeline import objects as page
    from pipeline.aside import build
    from pipeline.closing import closing_lines
    from pipeline.paths import Paths

    folder = build("objects", adapters, Path())
    page.run(folder, adapters)
    for name in adapters:
        for line in closing_lines(Paths(folder, name)):
            typer.echo(line)


@app.command()
def smoke() -> None:
    """Run all stages in small under build/smoke, and check that the adapter erases."""
    from pipeline import smoke as small

    typer.echo(small.run(Path()))


erase.add_to(app)
walkthrough.add_to(app)
hub.add_to(app)


def _plain_warning(message: Warning | str, *_: Any) -> str:
    return f"gie: {' '.join(str(message).split())}\n"


def main() -> None:
    """Run the command line with this process's arguments."""
    warnings.formatwarning = _plain_warning
    for library in ("DIFFUSERS", "TRANSFORMERS"):  # their advice is for developers; read when they are imported
        os.environ.setdefault(f"{library}_VERBOSITY", "error")
    app(prog_name="gie")
