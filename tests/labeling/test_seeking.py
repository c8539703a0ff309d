"""A frugal search finds the label of a look at every picture, and asks for few."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.bisection import drive
from labeling.choose import choose_scale
from labeling.seeking import HEALS, PAIR, seek, usual
from labeling.verdict import Sight

Seen = dict[float, Sight]


def search(sights: Seen, start: int) -> Seen:
    """What the search saw of a whole sweep."""

    async def look(scale: float) -> Sight:
        return sights[scale]

    seen = asyncio.run(drive(seek(sorted(sights, reverse=True), start), look))
    assert seen is not None
    return seen


def see(gone: str, kept: str) -> Seen:
    """A sweep by ones, a letter a scale: 1 gone, 1 kept."""
    return {
        -float(step): Sight(gone=g == "1", kept=k == "1") for step, (g, k) in enumerate(zip(gone, kept, strict=True))
    }


def clean(count: int, gone_from: int, kept_to: int) -> Seen:
    """A sweep without flicker: the concept goes once, and the rest breaks once."""
    return {-float(step): Sight(gone=step >= gone_from, kept=step < kept_to) for step in range(count)}


@given(st.integers(2, 40), st.integers(0, 40), st.integers(1, 41), st.data())
def test_a_clean_sweep_gets_the_label_of_a_whole_look(
    count: int, gone_from: int, kept_to: int, data: st.DataObject
) -> None:
    """Wherever the two thresholds are, and wherever the search begins."""
    sights = clean(count, gone_from, kept_to)
    start = data.draw(st.integers(1, count - 1))
    assert choose_scale(search(sights, start)) == choose_scale(sights)


@given(st.integers(2, 20), st.integers(1, 19), st.data())
def test_a_search_looks_at_its_way_and_little_more(count: int, start: int, data: st.DataObject) -> None:
    """The plain picture, the way from the start to the step, and what may be looked at beyond it."""
    letters = st.text("01", min_size=count, max_size=count)
    sights = see(data.draw(letters), data.draw(letters))
    seen = search(sights, min(start, count - 1))
    assert all(seen[scale] == sights[scale] for scale in seen)
    assert len(seen) <= count
    onset = next((step for step in range(min(start, count - 1), count) if sights[-float(step)].gone), count)
    assert len(seen) <= 2 + max(onset, start) + 1 + len(HEALS) + PAIR


def test_without_the_concept_two_pictures_are_enough() -> None:
    """The plain one and the next, and the label says absent."""
    seen = search(clean(16, 0, 16), 6)
    assert list(seen) == [0.0, -1.0]
    assert choose_scale(seen) == ("absent", None)


def test_a_concept_that_is_missed_once_is_not_absent() -> None:
    """On the plain picture the judge fails to see it; the label is that of a whole look."""
    whole = see("1000111111111111", "1" * 16)
    assert choose_scale(search(whole, 6)) == choose_scale(whole) == ("ok", -4.0)


def test_a_search_that_begins_at_the_label_takes_four_looks() -> None:
    """The plain picture, the label, the one before it, the one after it."""
    assert list(search(clean(16, 6, 16), 6)) == [0.0, -6.0, -5.0, -7.0]


def test_a_concept_that_never_goes_is_followed_to_the_end() -> None:
    """So that "none works" is known and not guessed."""
    seen = search(clean(10, 10, 10), 6)
    assert list(seen) == [0.0, -6.0, -7.0, -8.0, -9.0]
    assert choose_scale(seen) == ("none_works", None)


@pytest.mark.parametrize(
    ("gone", "kept"),
    [
        ("0000111111111111", "1111001111111111"),  # broken as it goes, then healed
        ("0000111111111111", "1111000000011111"),  # healed late
        ("0000111111111111", "1111101111111111"),  # one that works alone, then a pair
        ("0000111111111111", "1111110000000000"),  # the rest breaks soon
    ],
)
def test_moments_of_wreck_are_walked_through(gone: str, kept: str) -> None:
    """The label is at most a step from that of a whole look."""
    whole = see(gone, kept)
    (outcome, expected), found = choose_scale(whole), choose_scale(search(whole, 6))
    assert found[0] == outcome == "ok"
    assert expected is not None
    assert found[1] is not None
    assert abs(found[1] - expected) <= 1


def test_searches_begin_where_labels_lie() -> None:
    """At the middle of those found so far, however they came; without any a little before the middle of the scales."""
    assert usual([9, 4, 5], 16) == usual([5, 9, 4], 16) == 5
    assert usual([4, 5], 16) == 4
    assert usual([], 16) == 6
    assert usual([], 2) == 1
