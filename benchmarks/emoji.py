"""What the pages about ways of erasing measure with: held-out prompts of an emoji recipe, drawn plain and otherwise, counted by the evaluator.

Plain pictures are drawn once; every way of drawing is counted against them by the rules of the evaluation (`pipeline.outcome`).
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from PIL import Image

from pipeline.drawing import generators, open_pipeline, sampling
from pipeline.eyes import open_eye
from pipeline.outcome import Outcome, Seen, compare
from pipeline.paths import Paths
from pipeline.scoring import Eye
from pipeline.settings import Recipe, read_recipe
from pipeline.tables import KINDS, Kind, Prompt
from pipeline.writers.template import write_prompts
from training.emoji.vocabulary import read_vocabulary

BATCH = 50
"""Pictures drawn at once."""

Draw = Callable[[Any, dict[str, Any], Sequence[Prompt]], Sequence[Image.Image]]
"""Pipeline, the arguments of its call, the prompts of one batch -> a picture each."""


@dataclass(frozen=True)
class Tally:
    """How many of some pictures had which outcome; prompts whose plain picture lacks what they ask for do not count."""

    counted: int
    gone: int
    kept: int
    both: int

    def __str__(self) -> str:
        return f"{self.gone:>3} / {self.kept:>3} / {self.both:>3} of {self.counted:<3}"


@dataclass(frozen=True)
class Easel:
    """A recipe's model, some of its test prompts of each kind, and the evaluator."""

    recipe: Recipe
    prompts_a_kind: int

    @property
    def paths(self) -> Paths:
        """Of this project."""
        return Paths(Path.cwd(), self.recipe.name)

    @cached_property
    def pipe(self) -> Any:
        """The recipe's pipeline."""
        return open_pipeline(self.recipe, self.paths)

    @cached_property
    def prompts(self) -> list[Prompt]:
        """Test prompts, kind by kind."""
        words = read_vocabulary(Path(self.recipe.prompts.vocabulary))
        written = [prompt for prompt in write_prompts(self.recipe, words) if prompt.split == "test"]
        return [p for kind in KINDS for p in [p for p in written if p.kind == kind][: self.prompts_a_kind]]

    @cached_property
    def eye(self) -> Eye:
        """What looks for the concept."""
        return open_eye(self.recipe, self.paths)

    @cached_property
    def plain(self) -> list[Seen]:
        """What is on the pictures without any suppression."""
        return self.look(lambda pipe, asked, _: pipe(**asked).images)

    def look(self, draw: Draw) -> list[Seen]:
        """Draw every prompt from its own noise, and look."""
        images: list[Image.Image] = []
        for start in range(0, len(self.prompts), BATCH):
            batch = self.prompts[start : start + BATCH]
            asked = {"prompt": [p.prompt for p in batch], "generator": generators(p.seed for p in batch)}
            images += draw(self.pipe, asked | sampling(self.recipe.sweep), batch)
        return self.eye.look(self.prompts, images)

    def outcomes(self, draw: Draw) -> list[Outcome]:
        """What became of each prompt's picture."""
        rows = zip(self.prompts, self.plain, self.look(draw), strict=True)
        return [compare(before, after, kind=p.kind, limits=self.eye.limits) for p, before, after in rows]

    def count(self, draw: Draw) -> dict[Kind, Tally]:
        """What became of the pictures of each kind."""
        outcomes = list(zip((prompt.kind for prompt in self.prompts), self.outcomes(draw), strict=True))
        return {kind: tally(outcome for its, outcome in outcomes if its == kind) for kind in KINDS}


def open_easel(name: str, prompts_a_kind: int) -> Easel:
    """The easel of a recipe of params.yaml."""
    return Easel(read_recipe(name), prompts_a_kind)


def tally(outcomes: Iterable[Outcome]) -> Tally:
    """The sums over some pictures."""
    counted = [outcome for outcome in outcomes if outcome.success is not None]
    return Tally(
        len(counted),
        *(sum(bool(getattr(outcome, name)) for outcome in counted) for name in ("gone", "kept", "success")),
    )


def say(text: str) -> None:
    """A line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def line(name: str, counts: dict[Kind, Tally]) -> str:
    """One row of a table: gone / kept / both of each kind."""
    return " | ".join([f"{name:<28}", *(str(counts[kind]) for kind in KINDS)])


def heading(title: str) -> str:
    """The row above them."""
    return " | ".join([f"{title:<28}", *(f"{kind:<21}" for kind in KINDS)])
