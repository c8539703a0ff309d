"""Judges for the audit, of which it is known what they are worth; they read the brightness of `tests.support.labelling`."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from labeling.choose import choose_scale
from labeling.verdict import Sight, Sweep, Verdict
from tests.support.labelling import GONE, THERE, WRECK


def look(sweep: Sweep) -> dict[float, Sight]:
    """What the brightness says of each picture; black is a wreck too."""
    grey = {scale: int(np.asarray(image)[0, 0, 0]) for scale, image in sweep.images.items()}
    return {scale: Sight(gone=value != THERE, kept=value not in {WRECK, 0}) for scale, value in grey.items()}


@dataclass
class Honest:
    """Sees what there is."""

    refuses: float = 0.0
    """Share of the sweeps that it refuses."""
    rng: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 - a test that comes out the same each time
    name: str = "honest"
    model: str = "brightness"
    rubric_version: str = "1"
    layout: str = "single"

    async def judge(self, sweep: Sweep) -> Sequence[Verdict]:
        """One verdict."""
        if self.rng.random() < self.refuses:
            return [Verdict("refused", reason="policy")]
        seen = look(sweep)
        return [Verdict("ok", choose_scale(seen)[1], seen, judge=self.name, model=self.model)]


@dataclass
class FirstCell(Honest):
    """Takes the first scale, whatever it shows; on a share of the sweeps only, where `often` is below 1."""

    often: float = 1.0

    async def judge(self, sweep: Sweep) -> Sequence[Verdict]:
        """One verdict, with sights that fit the pick."""
        if self.rng.random() >= self.often:
            return await super().judge(sweep)
        picked = sweep.scales[1]
        seen = {scale: Sight(gone=scale <= picked, kept=True) for scale in sweep.scales}
        return [Verdict("ok", picked, seen, judge=self.name, model=self.model)]


@dataclass
class Stubborn(Honest):
    """Believes in no erasure but the one that it knows: on every other picture it still sees the concept."""

    async def judge(self, sweep: Sweep) -> Sequence[Verdict]:
        """One verdict."""
        grey = {scale: int(np.asarray(image)[0, 0, 0]) for scale, image in sweep.images.items()}
        seen = {scale: Sight(gone=value == GONE, kept=value not in {WRECK, 0}) for scale, value in grey.items()}
        return [Verdict("ok", choose_scale(seen)[1], seen, judge=self.name, model=self.model)]


@dataclass
class Moody(Honest):
    """Sees what there is, and then takes any scale near it: three up or down."""

    async def judge(self, sweep: Sweep) -> Sequence[Verdict]:
        """One verdict without sights."""
        (verdict,) = await super().judge(sweep)
        if verdict.scale is None:
            return [verdict]
        place = sweep.scales.index(verdict.scale) + self.rng.choice([-3, 3])
        picked = sweep.scales[min(max(place, 1), len(sweep.scales) - 1)]
        return [Verdict("ok", picked, judge=self.name, model=self.model)]
