"""The best constant: the one scale that an adapter must beat, and falls back to where it does not hold."""

from collections import Counter
from collections.abc import Iterable, Mapping


def best_fixed_scale(successes: Iterable[Mapping[float, bool]]) -> float | None:
    """The scale that succeeds for the most prompts, of equally good ones the weakest; None when none ever does.

    Args:
        successes: for each prompt, whether each scale works for it.
    """
    counts: Counter[float] = Counter()
    for prompt in successes:
        counts.update({scale: int(works) for scale, works in prompt.items()})
    best = max(counts, key=lambda scale: (counts[scale], scale), default=None)
    return best if best is not None and counts[best] else None
