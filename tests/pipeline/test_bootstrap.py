"""Intervals: against closed forms, and with the properties that make a comparison paired."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.bootstrap import paired_difference, share


def chances(count: int, share_of_ones: float) -> np.ndarray:
    """So many successes and failures, the same at each call."""
    return np.random.default_rng(7).random(count) < share_of_ones


def test_the_interval_agrees_with_the_normal_one_for_many_prompts() -> None:
    """With 2000 prompts the percentile bootstrap and mean +- 1.96 standard errors are the same to a tenth of a point."""
    first, second = chances(2000, 0.8), chances(2000, 0.7)[::-1]
    found = paired_difference(first.tolist(), second.tolist())
    differences = first.astype(float) - second
    error = 1.96 * differences.std() / np.sqrt(2000)
    assert found.low == pytest.approx(differences.mean() - error, abs=2e-3)
    assert found.high == pytest.approx(differences.mean() + error, abs=2e-3)


def test_pairing_narrows_the_interval() -> None:
    """Policies that differ on few prompts are told apart; the same successes on shuffled prompts are not."""
    hard = chances(200, 0.5)
    better = hard.copy()
    better[np.flatnonzero(~hard)[:12]] = True
    paired = paired_difference(better.tolist(), hard.tolist())
    unpaired = paired_difference(better[::-1].tolist(), hard.tolist())
    assert paired.mean == pytest.approx(unpaired.mean)
    assert paired.apart_from_zero
    assert not unpaired.apart_from_zero


def test_equal_policies_differ_by_exactly_nothing() -> None:
    """No resampling noise where there is no difference."""
    same = paired_difference([True, False, True], [True, False, True])
    assert (same.mean, same.low, same.high, same.n) == (0.0, 0.0, 0.0, 3)
    assert not same.apart_from_zero


def test_one_prompt_gives_its_difference() -> None:
    """There is nothing to resample."""
    assert paired_difference([True], [False]).low == 1.0


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_swapping_the_policies_mirrors_the_mean_and_holds_it_inside(pairs: list[tuple[bool, bool]]) -> None:
    """The mean changes its sign, and lies in its interval."""
    first, second = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    there, back = paired_difference(first, second), paired_difference(second, first)
    assert there.mean == -back.mean
    assert there.low <= there.mean <= there.high


def test_the_same_values_give_the_same_interval() -> None:
    """A stage's out must not change when nothing did."""
    first, second = chances(50, 0.5).tolist(), chances(50, 0.6)[::-1].tolist()
    assert paired_difference(first, second) == paired_difference(first, second)


def test_policies_on_different_prompts_are_refused() -> None:
    """A pair needs two."""
    with pytest.raises(ValueError, match="expected the same prompts for both policies, got 2 and 1"):
        paired_difference([True, False], [True])
    with pytest.raises(ValueError, match="got 0 and 0"):
        paired_difference([], [])


def test_a_share_of_all_is_not_certain() -> None:
    """Wilson's interval of 10 in 10 reaches down to 72 %, as the textbook has it."""
    all_of_them = share([True] * 10)
    assert (all_of_them.mean, all_of_them.high) == (1.0, 1.0)
    assert all_of_them.low == pytest.approx(0.722, abs=1e-3)


def test_a_share_of_nothing_is_refused() -> None:
    """There is no such number."""
    with pytest.raises(ValueError, match="expected at least one prompt, got none"):
        share([])
