"""How much faster a sweep is with several workers than in one process on all cores: `python -m benchmarks.workers`.

Both render the same whole batches of the bundled model, in turn, each time into an empty ledger; the workers share the cores that the
one process has to itself. What it takes until they have begun is told apart. No bar: it depends on the machine.
"""

import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from benchmarks.measuring import Spread, Took, arguments, in_turn, ratios, say, spread, timed, write
from pipeline.ledger import Ledger
from pipeline.paths import Paths
from pipeline.settings import Recipe, read_recipe
from pipeline.studio import Studio
from pipeline.tables import Prompt
from pipeline.workers import open_studio
from pipeline.writers.template import read_words, write_prompts


@dataclass(frozen=True)
class Figures:
    """One number of workers."""

    workers: int
    begun_s: float
    """Until the first pictures, model and all; once a stage."""
    pictures_per_s: float
    faster: Spread
    """One process to these workers, of the same turn, by the wall's clock."""


def draw(studio: Studio, prompts: Sequence[Prompt]) -> Took:
    """How long the sweeps take, nothing of them in the ledger."""
    with tempfile.TemporaryDirectory() as folder:
        afresh = replace(studio, ledger=Ledger(Path(folder)))
        return timed(lambda: list(afresh.pictures(prompts)), studio.pipe.device)


def compare(studios: Sequence[Studio], prompts: Sequence[Prompt], rounds: int) -> list[Figures]:
    """All in turn, the first is the one process."""
    begun = [draw(studio, prompts).seconds for studio in studios]
    taken = in_turn({index: lambda one=one: draw(one, prompts) for index, one in enumerate(studios)}, rounds)
    seconds = [[took.seconds for took in taken[index]] for index in range(len(studios))]
    pictures = len(prompts) * len(studios[0].recipe.sweep.ladder)
    return [
        Figures(
            studio.recipe.model.workers,
            begun_s=first - spread(some).median,
            pictures_per_s=pictures / spread(some).median,
            faster=ratios(seconds[0], some),
        )
        for studio, first, some in zip(studios, begun, seconds, strict=True)
    ]


def employing(recipe: Recipe, workers: int) -> Recipe:
    """The recipe with so many workers."""
    return recipe.model_copy(update={"model": recipe.model.model_copy(update={"workers": workers})})


def main(told: Sequence[str] | None = None) -> int:
    """Print and write the figures."""
    parser = arguments(__doc__, "workers")
    parser.set_defaults(threads=2)
    parser.add_argument("--recipe", default="emoji-airplane")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--prompts", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args(told)
    torch.set_num_threads(asked.threads)
    recipe, paths = read_recipe(asked.recipe), Paths(Path(), asked.recipe)
    prompts = write_prompts(recipe, read_words(paths.inside(recipe.prompts.vocabulary)))[: asked.prompts]
    with ExitStack() as stack:
        studios = [stack.enter_context(open_studio(employing(recipe, one), paths)) for one in (1, asked.workers)]
        figures = compare(studios, prompts, asked.rounds)
    write(figures, asked.out)
    rows = [[one.workers, f"{one.begun_s:.1f}", f"{one.pictures_per_s:.1f}", one.faster] for one in figures]
    say(f"{asked.prompts} prompts of {recipe.name}", ("workers", "begun s", "pictures / s", "times faster"), rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
