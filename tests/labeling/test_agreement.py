"""Agreement between judges: against scikit-learn, against Krippendorff's own table, and honest where there is nothing to say."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from labeling.agreement import Rating, compare, measure, ordinal_alpha, quadratic_kappa, rank, share_within, slope

LADDER = (0.0, -1.0, -2.0, -3.0)
# Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), section C: four observers, twelve units.
OBSERVERS: list[list[Rating]] = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]


@given(st.lists(st.tuples(st.integers(0, 16), st.integers(0, 16)), min_size=2, max_size=40))
def test_kappa_is_scikit_learn_s(pairs: list[tuple[int, int]]) -> None:
    """Wherever both are defined."""
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    found = quadratic_kappa(first, second)
    if found is None:
        assert len({*first, *second}) == 1
    else:
        levels = list(range(17))
        assert found == pytest.approx(cohen_kappa_score(first, second, labels=levels, weights="quadratic"), abs=1e-9)


def test_alpha_is_krippendorff_s() -> None:
    """His ordinal example, with missing ratings and a unit that only one observer saw: 0.815."""
    assert ordinal_alpha(OBSERVERS) == pytest.approx(0.815, abs=5e-4)


def test_what_one_judge_alone_rated_changes_nothing() -> None:
    """Else agreement would rise with every answer that a judge fails to give."""
    first: list[Rating] = [1, 2, 3, 4, 2]
    second: list[Rating] = [1, 3, 3, 2, 2]
    for longer in ([*first, 9, None], [*first, 4, None]):
        assert quadratic_kappa(longer, [*second, None, None]) == quadratic_kappa(first, second)
        assert ordinal_alpha([longer, [*second, None, None]]) == ordinal_alpha([first, second])
        assert share_within(longer, [*second, None, None]) == share_within(first, second)


def test_perfect_and_opposite() -> None:
    """1 where all is the same, below 0 where one is the other's mirror."""
    up = list(range(10))
    assert quadratic_kappa(up, up) == ordinal_alpha([up, up]) == share_within(up, up) == 1
    mirrored = quadratic_kappa(up, up[::-1])
    assert mirrored is not None
    assert mirrored < -0.9


def test_judges_that_always_say_the_same_agree_on_nothing() -> None:
    """There is no number, rather than a perfect one."""
    assert quadratic_kappa([3, 3, 3], [3, 3, 3]) is None
    assert ordinal_alpha([[3, 3, 3], [3, 3, 3]]) is None
    assert compare([None], [1])["within_one_step"].value is None


def test_the_interval_holds_the_truth() -> None:
    """Of forty samples with a known slope, at least 34 of the 95 % intervals contain it."""
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(40):
        x = rng.integers(1, 16, size=40).tolist()
        y = [0.5 * each + rng.normal(0, 2) for each in x]
        found = measure(partial(fitted, x, y), 40)
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 0.5 <= found.high
    assert held >= 34


def fitted(x: Sequence[float], y: Sequence[float], places: Sequence[int]) -> float | None:
    """The slope of some of the points."""
    return slope([x[i] for i in places], [y[i] for i in places])


def test_labels_lie_on_one_axis() -> None:
    """Absent before all scales, none works behind them, unscored nowhere."""
    labels = [("absent", None), ("ok", -1.0), ("ok", -3.0), ("none_works", None), ("unscored", None)]
    assert [rank(outcome, scale, LADDER) for outcome, scale in labels] == [0, 1, 3, 4, None]
