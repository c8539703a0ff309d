"""How much faster a prompt's sweep is in `gie sweep`'s batches than picture by picture: `python -m benchmarks.sweep`.

Four prompts of 16 scales on the bundled model fill a batch of the recipe; picture by picture the same pipeline is called 64 times.
Ends with 1 when the batch is less than 3 times as fast a prompt, or a picture differs by more than the last bits explain.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.evaluations import counting
from benchmarks.measuring import Spread, arguments, in_turn, ratios, say, spread, timed, write
from pipeline.drawing import open_pipeline
from pipeline.paths import Paths
from pipeline.png import open_picture
from pipeline.render import Rendered, Shot, render
from pipeline.settings import Recipe, read_recipe
from pipeline.writers.template import read_words, write_prompts

LEAST = 3.0
LEVELS = 8
"""The largest difference of a picture's channel, of 255: sums of another order, through 12 steps and a decoder."""


@dataclass(frozen=True)
class Way:
    """One way of drawing the sweeps, figures a prompt."""

    name: str
    calls: float
    """Of the UNet."""
    rows: float
    """Of the UNet's batches: pictures, guidance and steps together."""
    cpu_s: float
    """Median of the rounds."""
    wall_s: float
    faster: Spread
    """Picture by picture to this way, of the same turn, by the processor's time."""
    faster_wall: Spread
    """The same by the wall's clock."""
    largest_difference: int
    """Of a picture's channel to the same one drawn alone, of 255."""

    def cells(self) -> list[object]:
        """One row of the table."""
        numbers = [f"{self.calls:g}", f"{self.rows:g}", f"{self.cpu_s:.2f}", f"{self.wall_s:.2f}"]
        return [self.name, *numbers, self.faster, self.faster_wall, self.largest_difference]


HEADS = (
    "a prompt's sweep",
    "UNet calls",
    "rows",
    "CPU s",
    "wall s",
    "times faster",
    "by the wall's clock",
    "largest difference",
)


def shots_of(recipe: Recipe, paths: Paths, *, prompts: int, scales: int) -> list[Shot]:
    """The first test prompts at the recipe's scales."""
    words = read_words(paths.inside(recipe.prompts.vocabulary))
    chosen = [prompt for prompt in write_prompts(recipe, words) if prompt.split == "test"][:prompts]
    return [Shot(prompt, scale) for prompt in chosen for scale in recipe.sweep.ladder[:scales]]


def compare(pipe: Any, recipe: Recipe, shots: Sequence[Shot], *, prompts: int, rounds: int) -> list[Way]:
    """Both ways, in turn."""
    drawn: dict[str, list[Rendered]] = {}

    def alone() -> None:
        drawn["alone"] = [picture for shot in shots for picture in render(pipe, recipe, [shot])]

    def batched() -> None:
        drawn["batched"] = render(pipe, recipe, shots)

    ways = {"alone": alone, "batched": batched}
    counts = {name: _count(pipe, way) for name, way in ways.items()}  # warms up, too
    taken = in_turn({name: lambda way=way: timed(way, pipe.device) for name, way in ways.items()}, rounds)
    pictures = {name: [_levels(one) for one in some] for name, some in drawn.items()}
    return [
        Way(
            name,
            calls=counts[name][0] / prompts,
            rows=counts[name][1] / prompts,
            cpu_s=spread([took.cpu_s for took in taken[name]]).median / prompts,
            wall_s=spread([took.seconds for took in taken[name]]).median / prompts,
            faster=ratios([took.cpu_s for took in taken["alone"]], [took.cpu_s for took in taken[name]]),
            faster_wall=ratios([took.seconds for took in taken["alone"]], [took.seconds for took in taken[name]]),
            largest_difference=_largest_difference(pictures["alone"], pictures[name]),
        )
        for name in ways
    ]


def _count(pipe: Any, way: Any) -> tuple[int, int]:
    with counting(pipe.unet) as counted:
        way()
    return counted.calls, counted.rows


def _levels(rendered: Rendered) -> "np.ndarray[Any, np.dtype[np.int16]]":
    return np.asarray(open_picture(rendered.image)).astype(np.int16)


def _largest_difference(some: Sequence[Any], others: Sequence[Any]) -> int:
    return max(int(abs(one - other).max()) for one, other in zip(some, others, strict=True))


def main(told: Sequence[str] | None = None) -> int:
    """Print and write the figures; 1 when it is too slow or draws something else."""
    parser = arguments(__doc__, "sweep")
    parser.set_defaults(threads=2)
    parser.add_argument("--recipe", default="emoji-airplane")
    parser.add_argument("--prompts", type=int, default=4)
    parser.add_argument("--scales", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args(told)
    torch.set_num_threads(asked.threads)
    recipe, paths = read_recipe(asked.recipe), Paths(Path(), asked.recipe)
    shots = shots_of(recipe, paths, prompts=asked.prompts, scales=asked.scales)
    ways = compare(open_pipeline(recipe, paths), recipe, shots, prompts=asked.prompts, rounds=asked.rounds)
    write(ways, asked.out)
    say(f"{asked.prompts} prompts at {asked.scales} scales on {recipe.model.id}", HEADS, [way.cells() for way in ways])
    batched = ways[-1]
    return int(batched.faster.median < LEAST or batched.largest_difference > LEVELS)


if __name__ == "__main__":
    sys.exit(main())
