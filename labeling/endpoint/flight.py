"""How many calls are in flight: as many as allowed, fewer when the endpoint says that it is too many.

A refusal for want of capacity takes a fifth of the calls away, once for all that were in flight together. Each answer gives a part of
one back: fast below the place where it became too many, slowly beyond it, because an endpoint's limit seldom moves, and faster again
the longer that goes well.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager


class Flight:
    """The calls that are under way."""

    def __init__(self, most: int = 32) -> None:
        self.most = most
        self.limit = float(most)
        """How many may be under way now; its whole part counts."""
        self.under_way = 0
        self.highest = 0
        """How many were under way at once, at most."""
        self._ceiling = float(most)
        self._well = 0
        """Answers since the limit shrank."""
        self._shrunk = 0.0
        self._quiet_until = 0.0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def call(self) -> AsyncGenerator[float]:
        """Hold one of the places as long as the block lasts; gives the time at which it began, for `shrink`."""
        await self._enter()
        try:
            while (wait := self._quiet_until - time.monotonic()) > 0:  # noqa: ASYNC110 - the end may be moved
                await asyncio.sleep(wait)
            yield time.monotonic()
        finally:
            self.under_way -= 1
            self._admit()

    def grow(self) -> None:
        """A call was answered."""
        self._well += 1
        pace = 4.0 if self.limit < self._ceiling - 1 else min(1.0, self._well / 1000)
        self.limit = min(float(self.most), self.limit + pace / self.limit)

    def shrink(self, began: float, *, quiet_s: float = 0.0) -> None:
        """A call that began then met a full endpoint; nothing is sent for `quiet_s`."""
        now = time.monotonic()
        self._quiet_until = max(self._quiet_until, now + quiet_s)
        if began > self._shrunk:
            self._ceiling = self.limit
            self.limit = max(1.0, min(self.limit, float(self.under_way)) * 0.8)
            self._shrunk, self._well = now, 0

    async def _enter(self) -> None:
        if self.under_way < int(self.limit) and not self._waiting:
            self._take()
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.under_way -= 1  # the place was given just before the cancellation
            elif turn in self._waiting:
                self._waiting.remove(turn)
            self._admit()
            raise

    def _admit(self) -> None:
        while self._waiting and self.under_way < int(self.limit):
            turn = self._waiting.popleft()
            if not turn.done():
                self._take()
                turn.set_result(None)

    def _take(self) -> None:
        self.under_way += 1
        self.highest = max(self.highest, self.under_way)
