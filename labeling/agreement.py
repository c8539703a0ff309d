"""How far judges agree about an ordered axis, each number with its interval.

Exact agreement flatters: two judges who always say the middle agree always. So chance is taken off: Cohen's kappa with quadratic
weights for two judges, Krippendorff's ordinal alpha for any number of them, who need not have answered everything. What only one
judge rated is left out, or agreement would rise as judges fail.

Written here because it is needed without scipy and scikit-learn, thousands of times a bootstrap; the tests compare it with theirs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

CONFIDENCE = 0.95
RESAMPLES = 1000

Rating = int | None
"""Place on the axis; None where this judge did not say."""


@dataclass(frozen=True)
class Measured:
    """A number with its 95 % interval."""

    value: float | None
    """None where it is not defined: nothing to compare, or everything alike by necessity."""
    low: float | None
    high: float | None
    n: int
    """Items it rests on."""


def rank(outcome: str, scale: float | None, scales: Sequence[float]) -> Rating:
    """A label as a place: 0 the concept is absent, then the scales by strength, last none works; None when unscored."""
    ladder = sorted((each for each in scales if each < 0), reverse=True)
    if outcome == "ok" and scale is not None:
        return 1 + ladder.index(scale)
    return {"absent": 0, "none_works": 1 + len(ladder)}.get(outcome)


def quadratic_kappa(first: Sequence[Rating], second: Sequence[Rating]) -> float | None:
    """Cohen's kappa with quadratic weights: 1 the same, 0 no better than chance; None when neither ever differs."""
    a, b = _both(first, second)
    if not len(a):
        return None
    observed = np.mean((a - b) ** 2)
    expected = np.mean((a[:, None] - b[None, :]) ** 2)
    return float(1 - observed / expected) if expected else None


def share_within(first: Sequence[Rating], second: Sequence[Rating], *, steps: int = 1) -> float | None:
    """Share of the items that both rated at most `steps` apart."""
    a, b = _both(first, second)
    return float(np.mean(np.abs(a - b) <= steps)) if len(a) else None


def ordinal_alpha(judges: Sequence[Sequence[Rating]]) -> float | None:
    """Krippendorff's alpha with his ordinal distance (Computing Krippendorff's Alpha-Reliability, 2011, section E).

    Args:
        judges: `[judges][items]`.
    """
    units = [[each for each in item if each is not None] for item in zip(*judges, strict=True)]
    units = [unit for unit in units if len(unit) > 1]
    levels = sorted({each for unit in units for each in unit})
    if len(levels) < 2:
        return None
    counts = np.array([[unit.count(level) for level in levels] for unit in units], dtype=float)
    weights = 1 / (counts.sum(axis=1) - 1)
    pairs = np.einsum("u,uc,uk->ck", weights, counts, counts) - np.diag(weights @ counts)
    totals = pairs.sum(axis=1)
    before = np.cumsum(totals) - totals / 2  # where the middle of each level lies among all ratings
    distance = (before[:, None] - before[None, :]) ** 2
    expected = float((np.outer(totals, totals) * distance).sum()) / float(totals.sum() - 1)
    return float(1 - (pairs * distance).sum() / expected)


def slope(causes: Sequence[float], effects: Sequence[float]) -> float | None:
    """Of the straight line through the points; None when all causes are the same."""
    x, y = np.asarray(causes, dtype=float), np.asarray(effects, dtype=float)
    spread = float(((x - x.mean()) ** 2).sum()) if len(x) else 0.0
    return float(((x - x.mean()) * (y - y.mean())).sum() / spread) if spread else None


def measure(statistic: Callable[[Sequence[int]], float | None], count: int) -> Measured:
    """The statistic of all items and its percentile interval; items are drawn again `RESAMPLES` times, with a fixed seed.

    Args:
        statistic: takes places among the items, some of them more than once.
        count: how many items there are.
    """
    value = statistic(range(count)) if count else None
    if value is None:
        return Measured(None, None, None, count)
    draws = np.random.default_rng(0).integers(count, size=(RESAMPLES, count)).tolist()
    found = [each for each in map(statistic, draws) if each is not None]
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(found or [value], [tail, 100 - tail])
    return Measured(value, float(low), float(high), count)


def compare(first: Sequence[Rating], second: Sequence[Rating]) -> Mapping[str, Measured]:
    """All that is said of two judges: kappa, alpha, and the share within one step, on what both rated."""
    both = [(a, b) for a, b in zip(first, second, strict=True) if a is not None and b is not None]

    def on(function: Callable[[list[int], list[int]], float | None]) -> Measured:
        return measure(lambda places: function([both[i][0] for i in places], [both[i][1] for i in places]), len(both))

    return {
        "quadratic_kappa": on(quadratic_kappa),
        "ordinal_alpha": on(lambda a, b: ordinal_alpha([a, b])),
        "within_one_step": on(share_within),
    }


def _both(first: Sequence[Rating], second: Sequence[Rating]) -> tuple[np.ndarray, np.ndarray]:
    """`[items]` each, of the items that both rated."""
    pairs = [(a, b) for a, b in zip(first, second, strict=True) if a is not None and b is not None]
    table = np.array(pairs, dtype=float).reshape(-1, 2)
    return table[:, 0], table[:, 1]
