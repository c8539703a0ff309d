"""A limit of dollars that is never overshot: what a call may cost is set aside before it is sent.

Sums of what has been spent come too late: thirty calls in flight may pass a limit together that none of them passes. So each call
reserves the most it may cost, and gives back what it did not. A call for which there is no room waits as long as others hold
reservations, because they may give enough back, and is turned down when none does.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass
class Reservation:
    """What one call may cost."""

    most_usd: float
    cost_usd: float = 0.0
    """What it did cost; nothing until it is known."""


class Budget:
    """Dollars spent and set aside; `most_usd` None is no limit."""

    def __init__(self, most_usd: float | None = None) -> None:
        self.most_usd = most_usd
        self.spent_usd = 0.0
        self.reserved_usd = 0.0
        self.reached = False
        """Whether a call was turned down."""
        self._holding = 0
        self._freed: list[asyncio.Future[None]] = []

    @asynccontextmanager
    async def reserve(self, bound: Callable[[], float]) -> AsyncGenerator[Reservation | None]:
        """Set aside what a call may cost, as long as the block lasts; None when there is no room for it.

        `bound` is asked again after each wait, because answers of others make estimates better. At the end of the block the
        reservation's `cost_usd` is spent.
        """
        most = bound()
        while not self._fits(most):
            if not self._holding:
                self.reached = True
                yield None
                return
            freed = asyncio.get_running_loop().create_future()
            self._freed.append(freed)
            await freed
            most = bound()
        reservation = Reservation(most)
        self.reserved_usd += most
        self._holding += 1
        try:
            yield reservation
        finally:
            self._holding -= 1
            self.reserved_usd = self.reserved_usd - most if self._holding else 0.0
            self.spent_usd += reservation.cost_usd
            self._wake()

    def _fits(self, most: float) -> bool:
        return self.most_usd is None or self.spent_usd + self.reserved_usd + most <= self.most_usd

    def _wake(self) -> None:
        freed, self._freed = self._freed, []
        for waiting in freed:
            if not waiting.done():
                waiting.set_result(None)
