"""What slots, values, a window, or the plain picture's layout do to what is erased and kept: `python -m benchmarks.options [RECIPE ...]`.

Held-out test prompts of the recipes' writer, ten of each kind, are drawn by the bundled model with fixed scales, and the evaluator looks at the
pictures as in an evaluation. Each option has the one scale that succeeds most often with it; its success is compared prompt by prompt with that of
all slots with whole values in every step. docs/decisions/window-and-layout.md quotes the rows of windows and layouts.
"""

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import fmean
from time import perf_counter
from typing import Any

from PIL import Image

from benchmarks.emoji import Easel, open_easel
from benchmarks.layout import Layout, keep_layout, record_layout
from gie.concept import Concept
from gie.inhibiting import inhibit
from gie.slots import Slots, Values
from pipeline.bootstrap import paired_difference
from pipeline.outcome import Outcome
from pipeline.tables import KINDS, Prompt

SCALES = (-0.8, -1.2, -1.6, -2.0, -3.0)
OF_FEW_SLOTS = (-2.0, -4.0, -6.0, -8.0, -12.0)
"""Where one or two slots act instead of all."""
A_KIND = 10
RECIPES = ("emoji-airplane", "emoji-cat", "emoji-car")


@dataclass(frozen=True)
class Option:
    """One way to inhibit; left out: all slots, whole values, every step, no layout kept."""

    slots: Slots = "all"
    values: Values = "concept"
    window: tuple[float, float] = (0.0, 1.0)
    layout: float = 0.0
    """Until where the plain picture's layout is kept; 0: not at all."""

    @property
    def name(self) -> str:
        """For the table."""
        window = ", window {:g} to {:g}".format(*self.window) if self.window != (0.0, 1.0) else ""
        kept = f", layout until {self.layout:g}" if self.layout else ""
        return f"`{self.slots}`, `{self.values}`{window}{kept}"

    @property
    def scales(self) -> tuple[float, ...]:
        """Those that are tried."""
        return SCALES if self.slots == "all" else OF_FEW_SLOTS


USUAL = Option()
OPTIONS = (
    USUAL,
    Option(values="concept-empty"),
    Option("concept"),
    Option("concept+eot"),
    Option("concept", "concept-empty"),
    Option("concept+eot", "concept-empty"),
    Option(window=(0.0, 0.5)),
    Option(window=(0.0, 0.75)),
    Option(window=(0.1, 1.0)),
    Option(window=(0.25, 1.0)),
    Option(layout=0.2),
    Option(layout=0.4),
)


@dataclass
class Bench:
    """One recipe's easel, and how long its last pictures took."""

    easel: Easel
    seconds: float = 0.0
    layouts: dict[tuple[float, str], Layout] = field(default_factory=dict[tuple[float, str], Layout])
    """What was recorded, by how far and the first prompt of the batch."""

    def draw(self, pipe: Any, asked: dict[str, Any], _: Sequence[Prompt]) -> Sequence[Image.Image]:
        """The pictures of a batch, by the clock."""
        start = perf_counter()
        images = pipe(**asked).images
        self.seconds += perf_counter() - start
        return images

    def outcomes(self, option: Option, scale: float) -> list[Outcome]:
        """Draw inhibited, look, and compare with the plain pictures."""
        recipe, self.seconds = self.easel.recipe, 0.0
        concept = Concept(recipe.concept, scale=scale, slots=option.slots, values=option.values, window=option.window)

        def inhibited(pipe: Any, asked: dict[str, Any], batch: Sequence[Prompt]) -> Sequence[Image.Image]:
            with ExitStack() as blocks:
                layout = self.layout(pipe, asked, option.layout) if option.layout else None
                blocks.enter_context(inhibit(pipe, concept))
                if layout is not None:
                    blocks.enter_context(keep_layout(pipe, layout))
                return self.draw(pipe, asked, batch)

        return self.easel.outcomes(inhibited)

    def layout(self, pipe: Any, asked: dict[str, Any], until: float) -> Layout:
        """That of the batch's plain pictures, drawn once."""
        key = until, asked["prompt"][0]
        if key not in self.layouts:
            self.layouts[key] = record(pipe, asked, until)
        return self.layouts[key]


def record(pipe: Any, asked: dict[str, Any], until: float) -> Layout:
    """The layout of plain pictures; their noise is left as it was."""
    noise = [generator.get_state() for generator in asked["generator"]]
    with record_layout(pipe, until=until) as layout:
        pipe(**asked)
    for generator, state in zip(asked["generator"], noise, strict=True):
        generator.set_state(state)
    return layout


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
    """The option at each of its scales."""
    rows: list[Measured] = []
    for scale in option.scales:
        outcomes = [outcome for bench in benches for outcome in bench.outcomes(option, scale)]
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
    benches = [Bench(open_easel(name, A_KIND)) for name in names]
    kinds = [prompt.kind for bench in benches for prompt in bench.easel.prompts]
    say(f"{', '.join(names)}: {len(kinds)} prompts; a cell is gone / kept / both in % of the prompts that count\n\n")
    say(f"| option | w | {' | '.join(KINDS)} | all | both against the first | ms a picture |\n")
    say(f"| :--- | ---: | {' | '.join(':---' for _ in (*KINDS, 'all'))} | :--- | ---: |\n")
    best: dict[Option, Measured] = {}
    every: list[str] = []
    for option in OPTIONS:
        rows = measure(benches, option)
        best[option] = max(rows, key=lambda row: row.success)
        row, base = best[option], best[USUAL]
        difference = "" if option == USUAL else against(row, base)
        spent = min(each.seconds for each in rows)  # the drawing that was disturbed least
        say(f"| {option.name} | {row.scale:g} | {row.cells(kinds)} | {difference} | {1000 * spent:.0f} |\n")
        sys.stdout.flush()
        every += [f"| {option.name} | {each.scale:g} | {each.cells(kinds)} |\n" for each in rows]
    say("\nEvery scale:\n\n" + "".join(every))


if __name__ == "__main__":
    main(sys.argv[1:] or RECIPES)
