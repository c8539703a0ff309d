"""`gie review`: serve the page until the person stops it."""

from collections.abc import Callable
from pathlib import Path

from pipeline.ledger import Ledger, default_folder
from pipeline.paths import Paths
from pipeline.review.desk import Desk
from pipeline.review.exhibits import Exhibit
from pipeline.review.server import Site
from pipeline.review.sources import from_folder, from_recipe
from pipeline.settings import Recipe


def review_recipe(recipe: Recipe, paths: Paths, *, by: str) -> Site:
    """The site of a recipe's sweeps."""
    return _site(recipe.concept, from_recipe(recipe, paths), by)


def review_folder(out: Path, *, by: str) -> Site:
    """The site of what `gie label FOLDER` wrote to `out`."""
    concept, exhibits = from_folder(out)
    return _site(concept, exhibits, by)


def serve(site: Site, *, port: int, say: Callable[[str], None]) -> None:
    """Say where the page is and answer until the person presses ctrl-c."""
    with site.open(port) as server:
        say(f"{site.address(server)}\nwho has this address can see the pictures and pick labels; ctrl-c ends")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            say(f"{len(site.desk.picks)} of {len(site.desk.shown)} prompts have a person's label")


def _site(concept: str, exhibits: list[Exhibit], by: str) -> Site:
    return Site(Desk(concept, exhibits, Ledger(default_folder()), by))
