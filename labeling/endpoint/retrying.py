"""How often and how long after a failed attempt a question is asked again: the one place that retries.

Layers of retries multiply, so the client's own are off. Waits double from attempt to attempt and are drawn at random between half and
all of it, so that calls that failed together do not come back together. What the endpoint asks to wait is waited, and more.
"""

import random
from dataclasses import dataclass, field

from labeling.endpoint.failing import Failure


@dataclass(frozen=True)
class Retries:
    """When to ask again, and when to stop."""

    attempts: int = 6
    """Of one question, the first one included."""
    base_s: float = 0.5
    """The wait after the first attempt, at most."""
    cap_s: float = 30.0
    """No wait is longer, but where the endpoint asks for it."""
    longest_s: float = 120.0
    """An endpoint that wants to be left alone for longer is not waited for."""
    chance: random.Random = field(default_factory=random.Random, compare=False, repr=False)

    def pause(self, attempt: int, failure: Failure) -> float | None:
        """Seconds until the next attempt after the `attempt`-th, counted from 1, failed; None: no more."""
        if not failure.again or attempt >= self.attempts:
            return None
        wait = min(self.cap_s, self.base_s * 2 ** min(attempt - 1, 60)) * self.chance.uniform(0.5, 1.0)
        if failure.after_s is None:
            return wait
        return failure.after_s + wait if failure.after_s <= self.longest_s else None
