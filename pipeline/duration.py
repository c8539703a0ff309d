"""From so much to so much: numbers that are known within bounds, and seconds of them in words no finer than they are known."""

from dataclasses import dataclass

STEPS = ((60, 5), (300, 30), (3600, 60), (36_000, 600), (172_800, 3600))
"""Below so many seconds they are told to so many; beyond the last, to whole days."""
DAY = 86_400
UNITS = (("h", 3600), ("min", 60), ("s", 1))


@dataclass(frozen=True)
class Range:
    """Two numbers, equal where the matter is certain."""

    least: float
    most: float

    @classmethod
    def exactly(cls, value: float) -> "Range":
        """Nothing is open."""
        return cls(value, value)

    def __add__(self, other: "Range") -> "Range":
        return Range(self.least + other.least, self.most + other.most)

    def times(self, count: float) -> "Range":
        """Of `count` as many."""
        return Range(self.least * count, self.most * count)


def say_seconds(taken: Range) -> str:
    """As a person says it: "about 6 min", "about 20 min to 1 h", "up to 40 s"."""
    least, most = _words(taken.least), _words(taken.most)
    if not taken.least:
        return f"up to {most}"
    return f"about {least}" if least == most else f"about {least} to {most}"


def _words(seconds: float) -> str:
    step = next((step for below, step in STEPS if seconds < below), DAY)
    left = max(1, round(seconds / step)) * step
    if step == DAY:
        return f"{left // DAY} days"
    parts: list[str] = []
    for unit, size in UNITS:
        count, left = divmod(left, size)
        parts += [f"{count} {unit}"] if count else []
    return " ".join(parts)
