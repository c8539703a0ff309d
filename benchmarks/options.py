"""What a window, or the plain picture's layout, does to what is erased and what is kept: `python -m benchmarks.options [RECIPE ...]`.

Held-out test prompts of the recipes' writer, ten of each kind, are drawn by the bundled model with fixed scales, and the evaluator looks at the
pictures as in an evaluation. Each option has the one scale that succeeds most often with it; its success is compared prompt by prompt with that of
inhibiting every step. docs/decisions/window-and-layout.md quotes the table.
"""

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import fmean
from time import perf_counter
from typing import Any

from PIL import Image

from benchmarks.layout import Layout, keep_layout, record_layout
from gie.concept import Concept
from gie.inhibiting import inhibit
from pipeline.bootstrap import paired_difference
from pipeline.drawing import generators, open_pipeline, sampling
from pipeline.outcome import Outcome, Seen, compare
from pipeline.paths import Paths
from pipeline.scoring import Eye
from pipeline.settings import Recipe, read_recipe
from pipeline.tables import KINDS, Prompt
from pipeline.writers.template import read_words, write_prompts
from training.emoji.evaluator import Evaluator

SCALES = (-0.8, -1.2, -1.6, -2.0, -3.0)
A_KIND = 10
RECIPES = ("emoji-airplane", "emoji-cat", "emoji-car")


@dataclass(frozen=True)
class Option:
    """One way to inhibit."""

    window: tuple[float, float] = (0.0, 1.0)
    layout: float = 0.0
    """Until where the plain picture's layout is kept; 0: not at all."""

    @property
    def name(self) -> str:
        """For the table."""
        kept = f", layout until {self.layout:g}" if self.layout else ""
        return "window {:g} to {:g}".format(*self.window) + kept


EVERY_STEP = Option()
OPTIONS = (
    EVERY_STEP,
    Option((0.0, 0.5)),
    Option((0.0, 0.75)),
    Option((0.1, 1.0)),
    Option((0.25, 1.0)),
    Option(layout=0.2),
    Option(layout=0.4),
)


@dataclass
class Bench:
    """One recipe's prompts, its model, and who looks."""

    recipe: Recipe
    root: Path
    seconds: float = 0.0
    """Of the last drawing."""

    @cached_property
    def prompts(self) -> list[Prompt]:
        """Ten of each kind, whose wordings training never saw."""
        counts = {"test": dict.fromkeys(KINDS, A_KIND)}
        asked = self.recipe.model_copy(update={"prompts": self.recipe.prompts.model_copy(update={"counts": counts})})
        return write_prompts(asked, read_words(self.root / self.recipe.prompts.vocabulary))

    @cached_property
    def pipe(self) -> Any:
        """The recipe's model and scheduler."""
        return open_pipeline(self.recipe, Paths(self.root, self.recipe.name))

    @cached_property
    def eye(self) -> Eye:
        """The evaluator, on the recipe's concept."""
        return Eye(Evaluator.from_pretrained(self.root / self.recipe.evaluate.evaluator), self.recipe.concept)

    @cached_property
    def before(self) -> list[Seen]:
        """What the plain pictures show."""
        return self.eye.look(self.prompts, self.draw())

    def draw(self) -> list[Image.Image]:
        """One picture a prompt, each from its own noise."""
        noise = generators(prompt.seed for prompt in self.prompts)
        asked = [prompt.prompt for prompt in self.prompts]
        start = perf_counter()
        images = self.pipe(prompt=asked, generator=noise, **sampling(self.recipe.sweep)).images
        self.seconds = perf_counter() - start
        return images

    def record(self, until: float) -> Layout:
        """The plain pictures' layout."""
        with record_layout(self.pipe, until=until) as layout:
            self.draw()
        return layout

    def outcomes(self, option: Option, scale: float, layout: Layout | None) -> list[Outcome]:
        """Draw inhibited, look, and compare with the plain pictures."""
        concept = Concept(self.recipe.concept, scale=scale, slots=self.recipe.sweep.slots, window=option.window)
        with ExitStack() as blocks:
            blocks.enter_context(inhibit(self.pipe, concept))
            if layout is not None:
                blocks.enter_context(keep_layout(self.pipe, layout))
            after = self.eye.look(self.prompts, self.draw())
        threshold = self.eye.evaluator.quality_threshold
        looks = zip(self.prompts, self.before, after, strict=True)
        return [compare(seen, now, kind=prompt.kind, quality_threshold=threshold) for prompt, seen, now in looks]


@dataclass(frozen=True)
class Measured:
    """One option at one scale, over all recipes' prompts."""

    scale: float
    outcomes: list[Outcome]
    seconds: float
    """A picture."""

    @property
    def success(self) -> float:
        """Share of the prompts."""
        return fmean(outcome.success for outcome in self.outcomes if outcome.success is not None)

    def cells(self, kinds: Sequence[str]) -> str:
        """`gone / kept / both` of each kind, and of all."""
        return " | ".join(
            _cell([outcome for outcome, kind in zip(self.outcomes, kinds, strict=True) if which in {kind, "all"}])
            for which in (*KINDS, "all")
        )


def _cell(outcomes: Sequence[Outcome]) -> str:
    answers = zip(*((one.gone, one.kept, one.success) for one in outcomes), strict=True)
    shares = [[answer for answer in column if answer is not None] for column in answers]
    return " / ".join(f"{100 * fmean(share):.0f}" if share else "–" for share in shares)


def measure(benches: Sequence[Bench], option: Option) -> list[Measured]:
    """The option at every scale."""
    layouts = [bench.record(option.layout) if option.layout else None for bench in benches]
    rows: list[Measured] = []
    for scale in SCALES:
        outcomes: list[Outcome] = []
        for bench, layout in zip(benches, layouts, strict=True):
            outcomes += bench.outcomes(option, scale, layout)
        rows.append(Measured(scale, outcomes, sum(bench.seconds for bench in benches) / len(outcomes)))
    return rows


def against(one: Measured, other: Measured) -> str:
    """The difference of success in points, prompt by prompt, with its interval."""
    pairs = [
        (float(mine.success), float(theirs.success))
        for mine, theirs in zip(one.outcomes, other.outcomes, strict=True)
        if mine.success is not None and theirs.success is not None
    ]
    found = paired_difference([mine for mine, _ in pairs], [theirs for _, theirs in pairs])
    return f"{100 * found.mean:+.0f} [{100 * found.low:+.0f}, {100 * found.high:+.0f}]"


def main(names: Sequence[str]) -> None:
    """Print the table, one line as soon as it is known: the best scale of each option, then all scales."""
    say = sys.stdout.write
    benches = [Bench(read_recipe(name), Path()) for name in names]
    kinds = [prompt.kind for bench in benches for prompt in bench.prompts]
    say(f"{', '.join(names)}: {len(kinds)} prompts; a cell is gone / kept / both in % of the prompts that count\n\n")
    say(f"| option | w | {' | '.join(KINDS)} | all | both against every step | ms a picture |\n")
    say(f"| :--- | ---: | {' | '.join(':---' for _ in (*KINDS, 'all'))} | :--- | ---: |\n")
    best: dict[Option, Measured] = {}
    every: list[str] = []
    for option in OPTIONS:
        rows = measure(benches, option)
        best[option] = max(rows, key=lambda row: row.success)
        row, base = best[option], best[EVERY_STEP]
        difference = "" if option == EVERY_STEP else against(row, base)
        spent = min(each.seconds for each in rows)  # the drawing that was disturbed least
        say(f"| {option.name} | {row.scale:g} | {row.cells(kinds)} | {difference} | {1000 * spent:.0f} |\n")
        sys.stdout.flush()
        every += [f"| {option.name} | {each.scale:g} | {each.cells(kinds)} |\n" for each in rows]
    say("\nEvery scale:\n\n" + "".join(every))


if __name__ == "__main__":
    main(sys.argv[1:] or RECIPES)
