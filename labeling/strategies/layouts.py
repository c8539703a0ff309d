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
from labeling.verdict import PLAIN, Sweep, Verdict

Show = Callable[[Image, Sequence[tuple[str, Image]]], tuple[Part, ...]]
"""Plain picture, named pictures -> the parts that show them."""

ANSWERED = {"ok", "refused", "filtered", "invalid", "truncated"}
"""Outcomes that asking again would not change: when one of them stands beside a judgement, bisection may settle."""


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
        scales = sweep.scales[1:]
        orders = (("forward", scales), ("shuffled", shuffle(sweep)))
        pair = await asyncio.gather(*(self.ask(sweep, asker, order, layout=layout) for layout, order in orders))
        (first, sure), (second, also_sure) = pair
        if sure and also_sure and agree(first, second, sweep.scales):
            return [first, second]
        doubted = [replace(verdict, votes=False) for verdict in (first, second)]
        outcomes = {verdict.outcome for verdict in doubted}
        if "ok" not in outcomes or not outcomes <= ANSWERED:
            return doubted
        return [*doubted, *await Bisection(f"{self.name}-bisection").judge(sweep, asker)]

    async def ask(self, sweep: Sweep, asker: Asker, order: Sequence[float], *, layout: str) -> tuple[Verdict, bool]:
        """The verdict of one layout, and whether it judged without contradicting itself."""
        cells = dict(zip(name_cells(len(order)), order, strict=True))
        parts = self.show(sweep.images[PLAIN], [(name, sweep.images[scale]) for name, scale in cells.items()])
        names = [REFERENCE, *cells]
        answer = await asker.ask(compose(sweep, parts, shown=self.shown, names=names, picks=True))
        reading = read(answer, names, picks=True)
        layout = f"{self.name}-{layout}"
        if reading.outcome != "ok":
            return missing(reading.outcome, reading.reason, [answer], layout=layout, shown=cells), False
        scale_of = {REFERENCE: PLAIN, **cells}
        seen = {scale: reading.sights[name] for name, scale in scale_of.items()}
        verdict = judged(seen, [answer], layout=layout, shown={**cells, "pick": reading.pick}, votes=True)
        picked = reading.sights[reading.pick] if reading.pick is not None else None
        # A pick where something works must work; no pick means that nothing does, or that there was nothing to erase.
        sure = bool(picked.gone and picked.kept) if picked else verdict.scale is None
        return verdict, sure or choose_scale(seen)[0] == "absent"


def agree(first: Verdict, second: Verdict, scales: Sequence[float]) -> bool:
    """The same outcome, and scales at most one step apart."""
    if first.scale is None or second.scale is None:
        return choose_scale(first.seen)[0] == choose_scale(second.seen)[0]
    return abs(scales.index(first.scale) - scales.index(second.scale)) <= 1


def shuffle(sweep: Sweep) -> list[float]:
    """The negative scales in an order that looks random and depends on the sweep's content alone; not the forward one."""
    scales = sweep.scales[1:]
    content = ":".join([sweep.prompt, sweep.concept, *(hash_pixels(sweep.images[scale]) for scale in sweep.scales)])
    chance = random.Random(hashlib.sha256(content.encode()).digest())  # noqa: S311 - an order, not a secret
    order = scales[:]
    while order == scales and len(scales) > 1:
        chance.shuffle(order)
    return order
