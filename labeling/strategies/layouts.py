"""A whole sweep in one question, asked in two layouts: forward and shuffled.

A model that favours a place answers by the place; asked again with the pictures in other places it picks another scale, and is
found out. Answers that agree within one step both count. Where they do not, or one contradicts itself or is missing, neither
does: bisection settles, in which every picture stands alone beside the plain one.
"""

import asyncio
import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from PIL.Image import Image

from labeling.asking import Asker, Part, hash_pixels
from labeling.choose import choose_scale
from labeling.reading import read
from labeling.rubric import REFERENCE, compose
from labeling.sheet import name_cells
from labeling.strategies.bisection import Bisection
from labeling.strategies.strategy import judged, missing
from labeling.verdict import ANSWERED, PLAIN, Sweep, Verdict

Show = Callable[[Image, Sequence[tuple[str, Image]]], tuple[Part, ...]]
"""Plain picture, named pictures -> the parts that show them."""

FEW = 4


@dataclass(frozen=True)
class Look:
    """What one layout gave."""

    verdict: Verdict
    pick: float | None
    """The scale of the picked picture: a second answer to the same question, by which a taste for a place shows."""

    @property
    def consistent(self) -> bool:
        """Whether it judged, and picked something that works by its own account; where there is nothing to pick, nothing."""
        if self.verdict.outcome != "ok":
            return False
        if choose_scale(self.verdict.seen)[0] == "absent":
            return True
        if self.pick is None or self.verdict.scale is None:
            return self.pick is None and self.verdict.scale is None
        picked = self.verdict.seen[self.pick]
        return bool(picked.gone and picked.kept)


@dataclass(frozen=True)
class Layouts:
    """A `Strategy`: two layouts, settled by bisection."""

    name: str
    show: Show
    shown: str
    """The sentence that says how the pictures are named."""

    @property
    def version(self) -> str:
        """Its name and number."""
        return f"{self.name}-1"

    async def judge(self, sweep: Sweep, asker: Asker) -> list[Verdict]:
        """Forward and shuffled at once; then, in doubt, one by one."""
        orders = (("forward", sweep.scales[1:]), ("shuffled", shuffle(sweep)))
        pair = await asyncio.gather(*(self.ask(sweep, asker, order, layout=layout) for layout, order in orders))
        forward, shuffled = pair
        if agree(forward, shuffled, sweep.scales):
            return [forward.verdict, shuffled.verdict]
        doubted = [replace(look.verdict, votes=False) for look in pair]
        outcomes = {verdict.outcome for verdict in doubted}
        if "ok" not in outcomes or not outcomes <= ANSWERED:  # nobody judged, or another run may hear more
            return doubted
        return [*doubted, *await Bisection(f"{self.name}-bisection").judge(sweep, asker)]

    async def ask(self, sweep: Sweep, asker: Asker, order: Sequence[float], *, layout: str) -> Look:
        """What is seen in one layout."""
        cells = dict(zip(name_cells(len(order)), order, strict=True))
        parts = self.show(sweep.images[PLAIN], [(name, sweep.images[scale]) for name, scale in cells.items()])
        names = [REFERENCE, *cells]
        answer = await asker.ask(compose(sweep, parts, shown=self.shown, names=names, picks=True))
        reading = read(answer, names, picks=True)
        layout = f"{self.name}-{layout}"
        if reading.outcome != "ok":
            return Look(missing(reading.outcome, reading.reason, [answer], layout=layout, shown=cells), None)
        scale_of = {REFERENCE: PLAIN, **cells}
        seen = {scale: reading.sights[name] for name, scale in scale_of.items()}
        verdict = judged(seen, [answer], layout=layout, shown={**cells, "pick": reading.pick}, votes=True)
        return Look(verdict, None if reading.pick is None else scale_of[reading.pick])


def agree(first: Look, second: Look, scales: Sequence[float]) -> bool:
    """Both judged without contradicting themselves, to the same outcome, and neither labels nor picks are two steps apart."""
    if not (first.consistent and second.consistent):
        return False
    if choose_scale(first.verdict.seen)[0] != choose_scale(second.verdict.seen)[0]:
        return False
    pairs = ((first.verdict.scale, second.verdict.scale), (first.pick, second.pick))
    return all(
        one is None or other is None or abs(scales.index(one) - scales.index(other)) <= 1 for one, other in pairs
    )


def shuffle(sweep: Sweep) -> list[float]:
    """The negative scales in an order that looks random and depends on the sweep's content alone.

    No cell shows what it showed forward, or a neighbour of it, so that whoever answers by the place is always found out. Fewer
    than four scales cannot be so far apart; they are reversed.
    """
    scales = sweep.scales[1:]
    if len(scales) < FEW:
        return scales[::-1]
    content = ":".join([sweep.prompt, sweep.concept, *(hash_pixels(sweep.images[scale]) for scale in sweep.scales)])
    chance = random.Random(hashlib.sha256(content.encode()).digest())  # noqa: S311 - an order, not a secret
    places = list(range(len(scales)))
    while any(abs(place - index) <= 1 for index, place in enumerate(places)):
        chance.shuffle(places)  # one in some twenty will do
    return [scales[place] for place in places]
