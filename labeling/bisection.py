"""The label of a sweep from a few of its pictures: adaptive threshold search, as psychophysics does it.

Suppression grows along a sweep. So where the concept goes is found by halving, and so is the place beyond which the rest
breaks: about 2 log2 of the scales are looked at. Judges flicker, so a turn counts once the next stronger picture confirms it.

A search is a generator of the scales it wants to see next; it is sent what was seen there and returns all it saw. It knows no judge
and no renderer: either can drive it, and one that renders what is asked for renders nothing else.
"""

from collections.abc import Awaitable, Callable, Generator, Iterable, Sequence

from labeling.verdict import Sight

Search = Generator[float, Sight, dict[float, Sight]]
"""Yields a scale, is sent the sight of it, returns scale -> sight."""


PATIENCE = 3
"""So many broken pictures in a row after the concept is gone are the end: what breaks more than a moment stays broken."""


def bisect(scales: Sequence[float]) -> Search:
    """Search for the weakest scale that works, and for the end of the run of scales that work from there on.

    What it returns goes to `choose_scale` and `strongest_working`, like a sweep that was looked at whole.

    Args:
        scales: at least two, from the plain picture to the strongest suppression.
    """
    gaze = Gaze(scales)
    last = len(scales) - 1
    if (yield from gaze.all_gone(range(min(3, last + 1)))):
        return gaze.seen  # absent: neither on the plain picture nor on those nearest to it
    if not (yield from gaze.gone(last)) and not (yield from gaze.gone(last - 1)):
        return gaze.seen  # never gone for good
    start = yield from _onset(gaze, last)
    while start > 3 and (yield from gaze.all_gone((start - 2, start - 3))):
        start = yield from _onset(gaze, start - 3)  # the one before the start was the flicker
    working = yield from _first_working(gaze, start)
    if working is not None:
        yield from _last_working(gaze, working)
    return gaze.seen


def look_at_all(scales: Sequence[float]) -> Search:
    """No search: every scale in order."""
    gaze = Gaze(scales)
    for index in range(len(scales)):
        yield from gaze.at(index)
    return gaze.seen


async def drive(search: Search, look: Callable[[float], Awaitable[Sight | None]]) -> dict[float, Sight] | None:
    """Run a search with eyes that may fail: None as soon as `look` gives none."""
    try:
        wanted = next(search)
        while True:
            if (sight := await look(wanted)) is None:
                search.close()
                return None
            wanted = search.send(sight)
    except StopIteration as end:
        return end.value


class Gaze:
    """What was seen so far; each picture is looked at once."""

    def __init__(self, scales: Sequence[float]) -> None:
        self.scales = scales
        self.seen: dict[float, Sight] = {}

    def at(self, index: int) -> Generator[float, Sight, Sight]:
        """The sight of a scale."""
        scale = self.scales[index]
        if scale not in self.seen:
            self.seen[scale] = yield scale
        return self.seen[scale]

    def gone(self, index: int) -> Generator[float, Sight, bool]:
        """The concept is certainly not there."""
        return (yield from self.at(index)).gone is True

    def all_gone(self, indices: Iterable[int]) -> Generator[float, Sight, bool]:
        """At none of them; looks no further than the first at which it is."""
        for index in indices:
            if not (yield from self.gone(index)):
                return False
        return True

    def works(self, index: int) -> Generator[float, Sight, bool]:
        """The concept is gone and the rest is kept."""
        sight = yield from self.at(index)
        return bool(sight.gone and sight.kept)


def _onset(gaze: Gaze, last: int) -> Generator[float, Sight, int]:
    """Halve the way between what shows the concept and `last`, which does not; a picture without it counts if the next agrees."""
    below, start = 0, last
    while start - below > 1:
        middle = (below + start) // 2
        if (yield from gaze.all_gone((middle, min(middle + 1, last)))):
            start = middle
        else:
            below = middle
    return start


def _first_working(gaze: Gaze, start: int) -> Generator[float, Sight, int | None]:
    """The first scale from `start` on that works and whose stronger neighbour does; one that works alone if there is no such."""
    alone: int | None = None
    broken = 0
    for index in range(start, len(gaze.scales)):
        works = yield from gaze.works(index)
        if works and (index + 1 == len(gaze.scales) or (yield from gaze.works(index + 1))):
            return index
        if works and alone is None:
            alone = index
        broken = 0 if works else broken + 1
        if broken > PATIENCE:
            break
    return alone


def _last_working(gaze: Gaze, first: int) -> Generator[float, Sight, None]:
    """Halve the way from a working scale to where it first works no longer, so that the end of the run has been seen."""
    works, breaks = first, len(gaze.scales)
    while breaks - works > 1:
        middle = (works + breaks) // 2
        if (yield from gaze.works(middle)):
            works = middle
        else:
            breaks = middle
