"""A threshold search finds what a look at every picture finds, with fewer looks."""

import asyncio
from math import ceil, log2

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from labeling.bisection import bisect, drive, look_at_all
from labeling.choose import choose_scale, strongest_working
from labeling.verdict import Sight

Seen = dict[float, Sight]


def search(sights: Seen) -> Seen:
    """What the search saw of a whole sweep."""

    async def look(scale: float) -> Sight:
        return sights[scale]

    seen = asyncio.run(drive(bisect(sorted(sights, reverse=True)), look))
    assert seen is not None
    return seen


def clean(count: int, gone_from: int, kept_to: int) -> Seen:
    """A sweep without flicker: the concept goes once, and the rest breaks once."""
    return {-float(step): Sight(gone=step >= gone_from, kept=step < kept_to) for step in range(count)}


@given(st.integers(2, 40), st.integers(0, 40), st.integers(1, 41))
@example(16, 16, 16)
def test_clean_sweep_gets_the_label_of_a_whole_look(count: int, gone_from: int, kept_to: int) -> None:
    """The same label, and the same end of what works, wherever the two thresholds are."""
    sights = clean(count, gone_from, kept_to)
    seen = search(sights)
    expected = choose_scale(sights)
    assert choose_scale(seen) == expected
    if expected[1] is not None:
        ends = {strongest_working(saw, expected[1], list(sights), unseen=-99.0) for saw in (seen, sights)}
        assert len(ends) == 1


@given(st.integers(4, 200), st.integers(0, 200), st.integers(1, 201))
def test_looks_grow_with_the_logarithm(count: int, gone_from: int, kept_to: int) -> None:
    """About 2 log2 of the scales, a few more to confirm what was found."""
    assert len(search(clean(count, gone_from, kept_to))) <= 3 * ceil(log2(count)) + 7


@given(st.integers(3, 12), st.integers(4, 12), st.data())
def test_one_flicker_before_or_after_the_step_is_overlooked(before: int, after: int, data: st.DataObject) -> None:
    """A concept that seems gone once, or back once, moves the label by a step at most."""
    sights = clean(before + after, before, before + after)
    flip = data.draw(st.sampled_from([*range(1, before - 1), *range(before + 3, before + after - 2)] or [0]))
    if flip:
        sights[-float(flip)] = Sight(gone=flip < before, kept=True)
    outcome, scale = choose_scale(search(sights))
    assert outcome == "ok"
    assert scale is not None
    assert abs(-scale - before) <= 1


def test_a_moment_of_wreck_at_the_step_is_walked_through() -> None:
    """Where the picture breaks just as the concept goes, and heals, the first healed one is the label."""
    sights = clean(16, 5, 16) | {-5.0: Sight(gone=True, kept=False), -6.0: Sight(gone=True, kept=False)}
    assert choose_scale(search(sights)) == choose_scale(sights) == ("ok", -7.0)


def test_search_ends_with_eyes_that_fail() -> None:
    """No further picture is wanted once an answer did not come."""
    asked: list[float] = []

    async def look(scale: float) -> Sight | None:
        asked.append(scale)
        return Sight(gone=scale < -3, kept=True) if len(asked) < 4 else None

    assert asyncio.run(drive(bisect(sorted(clean(16, 4, 16), reverse=True)), look)) is None
    assert len(asked) == 4


def test_renderer_can_drive_the_search() -> None:
    """The generator itself says which scale it wants and takes what was seen: it knows no judge."""
    sights = clean(16, 9, 14)
    wanted: list[float] = []
    going = bisect(sorted(sights, reverse=True))
    scale = next(going)
    while len(wanted) < 20:
        wanted.append(scale)
        try:
            scale = going.send(sights[scale])
        except StopIteration as end:
            seen: Seen = end.value
            break
    else:
        pytest.fail("the search goes on and on")
    assert list(seen) == wanted
    assert len(wanted) == len(set(wanted)) < 13


def test_who_looks_at_all_looks_in_order() -> None:
    """Every scale once, from the plain picture on, whatever is seen."""
    sights = clean(5, 2, 4)
    asked: list[float] = []

    async def look(scale: float) -> Sight:
        asked.append(scale)
        return sights[scale]

    assert asyncio.run(drive(look_at_all(list(sights)), look)) == sights
    assert asked == list(sights)
