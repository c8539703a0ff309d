"""`gie publish RECIPE USER/NAME`: the exported folder to the Hub in one commit, and a receipt of it.

Never part of `dvc repro`: the stage that runs it stands in `publishing/dvc.yaml`, and its out is the receipt. Run again, it finishes what
was half done, and makes no commit when the files are there already.
"""

import json
from dataclasses import dataclass

from gie.hub import Sent, send
from pipeline.files import replaced_file
from pipeline.hub.export import Wishes, export, hashes
from pipeline.hub.gate import refuse_unready
from pipeline.paths import Paths
from pipeline.settings import PublishSettings, Recipe


@dataclass(frozen=True)
class Address:
    """Where it goes."""

    repo: str
    """`user/name`."""
    private: bool = False
    """Of a repository that is made now."""
    create_pr: bool = False
    """As a pull request."""


def prepare(recipe: Recipe, paths: Paths, settings: PublishSettings, *, repo: str, wishes: Wishes) -> None:
    """Write the folder and check that it may be published; raises InputError when a threshold is missed."""
    refuse_unready(export(recipe, paths, settings, repo=repo, wishes=wishes), settings)


def publish(recipe: Recipe, paths: Paths, settings: PublishSettings, *, address: Address, wishes: Wishes) -> Sent:
    """Prepare, upload, and write `paths.receipt`.

    Raises:
        InputError: a stage has not run, a threshold is missed, or no right to write there.
        OutsideError: the hub failed; running again goes on from there.
    """
    prepare(recipe, paths, settings, repo=address.repo, wishes=wishes)
    sent = send(
        paths.exported,
        address.repo,
        private=address.private,
        create_pr=address.create_pr,
        message=f"Adapter for {recipe.concept}, recipe {recipe.recipe_hash}",
    )
    receipt = {"repo": sent.repo, "commit": sent.commit, "url": sent.url, "files": hashes(paths.exported)}
    with replaced_file(paths.receipt) as aside:
        aside.write_text(json.dumps(receipt, indent=2) + "\n", encoding="utf-8")
    return sent
