"""How good chosen scales are: how far from the labels, and how often they succeed by what the judge saw."""

from collections.abc import Mapping, Sequence


def measure(
    scales: Sequence[float], labels: Sequence[float], works: Sequence[Mapping[float, bool]]
) -> dict[str, float | None]:
    """Mean absolute error, and the share of prompts whose nearest swept scale works.

    Prompts without any entry in `works` do not count for success; None when that leaves none.
    """
    errors = [abs(scale - label) for scale, label in zip(scales, labels, strict=True)]
    hits = [swept[nearest(scale, swept)] for scale, swept in zip(scales, works, strict=True) if swept]
    return {
        "mean_error": round(sum(errors) / len(errors), 4),
        "success": round(sum(hits) / len(hits), 4) if hits else None,
    }


def nearest(scale: float, swept: Mapping[float, bool]) -> float:
    """The swept scale that is nearest; of two the weaker."""
    return min(swept, key=lambda other: (abs(other - scale), -other))
