"""How sure a number is: paired bootstrap for differences between policies, Wilson's interval for shares.

The prompt is the unit. Two policies are compared on the same prompts, so their difference is taken prompt by prompt
and the prompts are resampled; resampling each policy on its own would count the spread between prompts twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from scipy import stats

CONFIDENCE = 0.95
RESAMPLES = 9999


@dataclass(frozen=True)
class Interval:
    """A mean over prompts and its 95 % interval."""

    mean: float
    low: float
    high: float
    n: int
    """Number of prompts."""

    @property
    def apart_from_zero(self) -> bool:
        """Zero is not in the interval."""
        return self.low > 0 or self.high < 0


def paired_difference(first: Sequence[float], second: Sequence[float]) -> Interval:
    """Mean of `first - second`, both in the order of the same prompts; percentile bootstrap with a fixed seed.

    Raises:
        ValueError: not the same number of prompts, or none.
    """
    if len(first) != len(second) or not first:
        msg = f"expected the same prompts for both policies, got {len(first)} and {len(second)}"
        raise ValueError(msg)
    differences = np.asarray(first, dtype=float) - np.asarray(second, dtype=float)
    if len(differences) == 1:  # one prompt cannot be resampled
        return Interval(float(differences[0]), float(differences[0]), float(differences[0]), 1)
    bootstrap = cast("Any", stats.bootstrap)
    result = bootstrap(
        (differences,), np.mean, n_resamples=RESAMPLES, batch=1000, confidence_level=CONFIDENCE,
        method="percentile", rng=np.random.default_rng(0),
    )  # fmt: skip
    low, high = result.confidence_interval
    return Interval(float(np.mean(differences)), float(low), float(high), len(differences))


def share(hits: Sequence[bool]) -> Interval:
    """Share of true values with Wilson's interval, which stays honest at 0 % and 100 %.

    Raises:
        ValueError: no values.
    """
    if not hits:
        msg = "expected at least one prompt, got none"
        raise ValueError(msg)
    test = cast("Any", stats.binomtest)(sum(hits), len(hits))
    low, high = test.proportion_ci(CONFIDENCE, method="wilson")
    return Interval(sum(hits) / len(hits), float(low), float(high), len(hits))
