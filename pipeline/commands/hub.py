"""The commands around the Hub: export, publish, verify, adapters, data push, data pull."""

from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.commands.arguments import PARAMS, ParamsFile, RecipeName

Repo = Annotated[str, typer.Argument(help="Repository on the hub: user/name.")]
Revision = Annotated[str | None, typer.Option(help="Branch, tag, commit or refs/pr/1; else main.")]
Private = Annotated[bool, typer.Option("--private", help="Make the repository private, if it is made now.")]
WithLabels = Annotated[
    bool, typer.Option("--with-labels", help="And what it learned from, so that it can be trained again.")
]
WithMetrics = Annotated[bool, typer.Option("--with-metrics", help="And the whole evaluation in numbers.")]
WithImages = Annotated[bool, typer.Option("--with-images", help="And pictures; the card then warns of them.")]

data = typer.Typer(no_args_is_help=True, help="What the stages made before training, on the hub: push, pull.")


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (export, publish, verify, adapters):
        app.command()(command)
    app.add_typer(data, name="data")


def export(
    recipe: RecipeName,
    repo: Annotated[str, typer.Option(help="Repository that the card names: user/name.")] = "",
    with_labels: WithLabels = False,
    with_metrics: WithMetrics = False,
    with_images: WithImages = False,
    params: ParamsFile = PARAMS,
) -> None:
    """Write the folder that publish would upload."""
    from pipeline.hub.export import Wishes
    from pipeline.hub.export import export as write

    settings, paths, asked = _open(recipe, params)
    wishes = Wishes(labels=with_labels, metrics=with_metrics, images=with_images)
    write(settings, paths, asked, repo=repo or f"you/{recipe}", wishes=wishes)
    _show(paths.exported)


def publish(  # noqa: PLR0913, PLR0917 - a command's options are its arguments
    recipe: RecipeName,
    repo: Repo,
    private: Private = False,
    create_pr: Annotated[bool, typer.Option("--create-pr", help="As a pull request against main.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check, and show what would be sent.")] = False,
    with_labels: WithLabels = False,
    with_metrics: WithMetrics = False,
    with_images: WithImages = False,
    params: ParamsFile = PARAMS,
) -> None:
    """Upload an adapter that passes the thresholds of the params file, with a card of what was measured."""
    from pipeline.hub.export import Wishes
    from pipeline.hub.publish import Address, prepare
    from pipeline.hub.publish import publish as upload

    settings, paths, asked = _open(recipe, params)
    wishes = Wishes(labels=with_labels, metrics=with_metrics, images=with_images)
    if dry_run:
        prepare(settings, paths, asked, repo=repo, wishes=wishes)
        _show(paths.exported)
        typer.echo(f"would go to {repo}; nothing was sent")
        return
    sent = upload(settings, paths, asked, address=Address(repo, private, create_pr), wishes=wishes)
    typer.echo(f"{sent.url} {sent.commit[:8]}{'' if sent.changed else ', which was there already'}")
    typer.echo(str(paths.receipt))


def verify(repo: Repo, revision: Revision = None) -> None:
    """Check a published adapter: the hashes of its files, and its weights by training it again."""
    from pipeline.hub.verify import verify as check

    found = check(repo, revision)
    typer.echo(f"{repo}@{found.commit[:8]}: {found.files} files as published; weights {found.retrained}")


def adapters(params: ParamsFile = PARAMS) -> None:
    """List the adapters on this machine: made here, and fetched from the hub."""
    from pipeline.hub.shelf import cached_adapters, local_adapters

    for found in (*local_adapters(params.parent), *cached_adapters()):
        typer.echo(found.line)


@data.command()
def push(
    recipe: RecipeName,
    repo: Repo,
    private: Private = False,
    with_images: WithImages = False,
    params: ParamsFile = PARAMS,
) -> None:
    """Send prompts, features, labels and verdicts as a data set; pictures only when asked."""
    from pipeline.hub.data import Shipping
    from pipeline.hub.data import push as send

    settings, paths, asked = _open(recipe, params)
    sent = send(settings, paths, asked, Shipping(repo, private, with_images))
    typer.echo(f"{sent.url} {sent.commit[:8]}{'' if sent.changed else ', which was there already'}")


@data.command()
def pull(repo: Repo, recipe: RecipeName, revision: Revision = None, params: ParamsFile = PARAMS) -> None:
    """Fetch such a data set to where the stages of a recipe look for it."""
    from pipeline.hub.data import pull as fetch

    _, paths, _ = _open(recipe, params)
    for path in fetch(repo, paths, revision=revision):
        typer.echo(str(path))


def _open(recipe: str, params: Path) -> tuple[Any, Any, Any]:
    """The recipe, its paths, and what is asked of it before it is published."""
    from pipeline.paths import Paths
    from pipeline.settings import read_params, read_recipe

    return read_recipe(recipe, params), Paths(params.parent, recipe), read_params(params).publish


def _show(folder: Path) -> None:
    for path in sorted(folder.iterdir()):
        typer.echo(f"{path.stat().st_size:>9} {path}")
