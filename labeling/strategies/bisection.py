"""One picture at a time beside the plain one, those that a threshold search asks for: the soundest way, and the one for small models.

About 2 log2 of the scales are asked about, one after the other.
"""

from dataclasses import dataclass, field

from labeling.asking import Answer, Asker
from labeling.bisection import bisect, drive, look_at_all
from labeling.reading import Reading, read
from labeling.rubric import REFERENCE, compose
from labeling.strategies.strategy import judged, missing
from labeling.verdict import PLAIN, Sight, Sweep, Verdict

CELL = "A"


@dataclass(frozen=True)
class Bisection:
    """A `Strategy`."""

    layout: str = "bisection"

    @property
    def version(self) -> str:
        """Its name and number."""
        return "bisection-1"

    async def judge(self, sweep: Sweep, asker: Asker) -> list[Verdict]:
        """One verdict; it ends at the first question without an answer."""
        interview = _Interview(sweep, asker)
        search = look_at_all if sweep.searched else bisect
        seen = await drive(search(sweep.scales), interview.look)
        if seen is None:
            reading, at = interview.failed
            shown = interview.scales
            return [missing(reading.outcome, reading.reason, interview.answers, layout=self.layout, shown=shown, at=at)]
        return [judged(seen, interview.answers, layout=self.layout, shown=interview.scales, votes=True)]


@dataclass
class _Interview:
    """The questions about one sweep so far."""

    sweep: Sweep
    asker: Asker
    answers: list[Answer] = field(default_factory=list[Answer])
    scales: list[float] = field(default_factory=list[float])
    failed: tuple[Reading, float] = (Reading("ok"), PLAIN)

    async def look(self, scale: float) -> Sight | None:
        """What is seen at one scale; None when no answer came."""
        plain = scale == PLAIN
        parts = [f"{REFERENCE}:", self.sweep.images[PLAIN]]
        parts += [] if plain else [f"{CELL}:", self.sweep.images[scale]]
        names = [REFERENCE if plain else CELL]
        shown = "Each picture has its name before it."
        answer = await self.asker.ask(compose(self.sweep, parts, shown=shown, names=names, picks=False))
        self.answers.append(answer)
        self.scales.append(scale)
        reading = read(answer, names, picks=False)
        if reading.outcome != "ok":
            self.failed = reading, scale
            return None
        return reading.sights[names[0]]
