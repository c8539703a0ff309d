"""Seconds in words: no finer than they are known, and never away from what they say."""

import re

import pytest

from pipeline.duration import Range, say_seconds

SIZES = {"s": 1, "min": 60, "h": 3600, "days": 86_400}


def read(said: str) -> float:
    """The seconds of one duration in words."""
    return sum(int(count) * SIZES[unit] for count, unit in re.findall(r"(\d+) (s|min|h|days)\b", said))


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (1, "5 s"),
        (42, "40 s"),
        (58, "1 min"),
        (140, "2 min 30 s"),
        (370, "6 min"),
        (3590, "1 h"),
        (7900, "2 h 10 min"),
        (50_000, "14 h"),
        (250_000, "3 days"),
    ],
)
def test_a_duration_in_words(seconds: float, said: str) -> None:
    """Two units at most, the smaller one rounded."""
    assert say_seconds(Range.exactly(seconds)) == f"about {said}"


def test_words_are_near_what_they_say() -> None:
    """Within a fifth, from ten seconds to a month."""
    seconds = 10.0
    while seconds < 2_600_000:
        assert read(say_seconds(Range.exactly(seconds))) == pytest.approx(seconds, rel=0.2)
        seconds *= 1.07


def test_a_range_in_words() -> None:
    """Both ends, unless they say the same; from nothing on it is "up to"."""
    assert say_seconds(Range(600, 3600)) == "about 10 min to 1 h"
    assert say_seconds(Range(600, 610)) == "about 10 min"
    assert say_seconds(Range(0, 610)) == "up to 10 min"


def test_ranges_add_end_by_end() -> None:
    """And so they are multiplied."""
    assert Range(1, 2) + Range(10, 30) == Range(11, 32)
    assert Range(1, 2).times(3) == Range(3, 6)
