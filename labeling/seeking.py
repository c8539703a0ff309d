"""The label of a sweep from as few of its pictures as will do: for who has to draw each picture before it can be looked at.

`bisect` confirms every turn and looks for the end of what works too: nine or ten pictures of sixteen. Here the search begins where labels
usually lie and walks from there, one scale at a time, to where the concept goes; a sweep that needs no suppression ends with its
plain picture and the next. How far suppression may go beyond the label it does not find out (see `labeling.choose.strongest_working`).
"""

from collections.abc import Generator, Sequence
from statistics import median_low

from labeling.bisection import Gaze, Search
from labeling.verdict import Sight

NO_LABEL_YET = 0.4
"""Where along the scales a search begins when nothing was found yet: recipes sweep further than most labels lie."""
HEALS = (0, 1, 3, 5, 7)
"""Where beyond the step a scale that works is looked for: a picture that broke as the concept went may heal, and stays whole."""
PAIR = 5
"""So many scales after the first that works are looked at for two in a row, which `choose_scale` prefers."""


def seek(scales: Sequence[float], start: int) -> Search:
    """Search for the weakest scale that works.

    What it returns goes to `choose_scale`, like a sweep that was looked at whole.

    Args:
        scales: from the plain picture to the strongest suppression.
        start: where labels usually lie, as an index of `scales`; see `usual`.
    """
    gaze = Gaze(scales)
    if (yield from gaze.all_gone(range(min(2, len(scales))))) or len(scales) == 1:
        return gaze.seen  # absent: neither on the plain picture nor on the next, for judges flicker
    onset = yield from _walk(gaze, start)
    if onset is not None and (first := (yield from _first_working(gaze, onset))) is not None:
        yield from _pair(gaze, first)
    return gaze.seen


def usual(found: Sequence[int], count: int) -> int:
    """Where the next search begins: at the middle of the labels that were found so far.

    Args:
        found: their indices, in any order.
        count: of the scales.
    """
    return median_low(found) if found else max(1, round(NO_LABEL_YET * (count - 1)))


def _walk(gaze: Gaze, index: int) -> Generator[float, Sight, int | None]:
    """From `index` to the scale at which the concept is gone and was not one scale before; None when it never goes."""
    if (yield from gaze.gone(index)):
        while index > 1 and (yield from gaze.gone(index - 1)):
            index -= 1
        return index
    for stronger in range(index + 1, len(gaze.scales)):
        if (yield from gaze.gone(stronger)):
            return stronger
    return None


def _first_working(gaze: Gaze, onset: int) -> Generator[float, Sight, int | None]:
    for index in (onset + step for step in HEALS):
        if index < len(gaze.scales) and (yield from gaze.works(index)):
            return index
    return None


def _pair(gaze: Gaze, first: int) -> Generator[float, Sight, None]:
    """Look on until two scales in a row work."""
    before = True
    for index in range(first + 1, min(first + 1 + PAIR, len(gaze.scales))):
        works = yield from gaze.works(index)
        if works and before:
            return
        before = works
