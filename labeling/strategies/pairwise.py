"""The pick of one sheet, tried against its neighbours two at a time: where judges agree with people best.

Which of the two is shown first is left to chance that the sweep's content decides, so that a taste for a place is noise, not bias.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from labeling.asking import Answer, Asker, hash_pixels
from labeling.choose import choose_scale, onset
from labeling.reading import Reading, read
from labeling.rubric import REFERENCE, compose
from labeling.strategies.sheet import SHEET
from labeling.strategies.strategy import judged, missing
from labeling.verdict import PLAIN, Sight, Sweep, Verdict

ROUNDS = 3
"""How often the pick may move before the last one stands."""

Pair = tuple[float, float]


@dataclass(frozen=True)
class Pairwise:
    """A `Strategy`."""

    @property
    def version(self) -> str:
        """Its name and number, and the sheet's that it starts from."""
        return f"pairwise-1+{SHEET.version}"

    async def judge(self, sweep: Sweep, asker: Asker) -> list[Verdict]:
        """The sheet's verdict, which does not vote, and the one of the pairs."""
        first = (await SHEET.ask(sweep, asker, sweep.scales[1:], layout="forward")).verdict
        doubted = replace(first, votes=False, layout="pairwise-sheet")
        if first.outcome != "ok":
            return [doubted]
        return [doubted, await self._compare(sweep, asker, dict(first.seen))]

    async def _compare(self, sweep: Sweep, asker: Asker, seen: dict[float, Sight]) -> Verdict:
        answers: list[Answer] = []
        compared: list[Pair] = []
        for _ in range(ROUNDS):
            pairs = [pair for pair in neighbours(seen) if pair not in compared]
            compared += pairs
            found = await asyncio.gather(*(_ask(sweep, asker, pair) for pair in pairs))
            answers += [answer for answer, _, _ in found]
            for _, reading, _ in found:
                if reading.outcome != "ok":
                    return missing(reading.outcome, reading.reason, answers, layout="pairwise", shown=compared)
            seen |= _heard([(reading, order) for _, reading, order in found])
            if not pairs:
                break
        return judged(seen, answers, layout="pairwise", shown=compared, votes=True)


def neighbours(seen: dict[float, Sight]) -> list[Pair]:
    """The pick with the scale before it and after it, or what stands around the place where the concept goes."""
    scales = sorted(seen, reverse=True)
    outcome, scale = choose_scale(seen)
    if outcome == "absent":
        return []
    index = scales.index(scale) if scale is not None else onset([seen[other].gone is True for other in scales])
    around = scales[max(index - 1, 1) : index + 2]
    return list(pairwise(around))


async def _ask(sweep: Sweep, asker: Asker, pair: Pair) -> tuple[Answer, Reading, Pair]:
    order = pair if _coin(sweep, pair) else (pair[1], pair[0])
    parts = [f"{REFERENCE}:", sweep.images[PLAIN], "A:", sweep.images[order[0]], "B:", sweep.images[order[1]]]
    names = ["A", "B"]
    question = compose(sweep, parts, shown="Each picture has its name before it.", names=names, picks=False)
    answer = await asker.ask(question)
    return answer, read(answer, names, picks=False), order


def _coin(sweep: Sweep, pair: Pair) -> bool:
    content = ":".join([sweep.prompt, *(hash_pixels(sweep.images[scale]) for scale in pair)])
    return hashlib.sha256(content.encode()).digest()[0] % 2 == 0


def _heard(found: Sequence[tuple[Reading, Pair]]) -> dict[float, Sight]:
    """What pairs say of their pictures; where two pairs contradict each other on one, it is unsure."""
    heard: dict[float, Sight] = {}
    for reading, order in found:
        for name, scale in zip(("A", "B"), order, strict=True):
            new = reading.sights[name]
            old = heard.get(scale, new)
            heard[scale] = Sight(
                gone=new.gone if new.gone == old.gone else None, kept=new.kept if new.kept == old.kept else None
            )
    return heard
