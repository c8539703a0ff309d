"""The command that draws the pictures of docs/how-it-works.md."""

from pathlib import Path
from typing import Annotated

import typer


def add_to(app: typer.Typer) -> None:
    """Add it to the command line."""
    app.command()(explain)


def explain(out: Annotated[Path, typer.Option(help="Folder for the pictures.")] = Path("docs/images")) -> None:
    """Draw how the method works, step by step, with the bundled model."""
    from pipeline.explain import run

    for path in run(Path(), out):
        typer.echo(str(path))
