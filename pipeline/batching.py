"""Labels by batch: half the price, a day's patience.

Strategies ask one question after another, a batch takes many at once. So all sweeps are judged in rounds: in each the questions that have no
answer yet are noted, then carried off together, and the next round finds their answers in the ledger and asks what follows from them. Two layouts
are one round, a bisection some eight; a stopped run goes on with the batch it was in.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from labeling.asking import Asker
from pipeline.judging import AskerMaker
from pipeline.settings import JudgeSettings

T = TypeVar("T")


class Carrier(Protocol):
    """Takes noted questions away and brings their answers into the ledger."""

    def note(self, settings: JudgeSettings) -> Asker:
        """Who answers from the ledger and notes what is not there, for one judge; its answer is then a missing one."""
        ...

    def noted(self) -> frozenset[str]:
        """The digests of the questions noted since the last `carry`."""
        ...

    async def carry(self) -> None:
        """Have them answered; returns when that is done, with failures where there are some."""
        ...


async def in_rounds(carrier: Carrier, judge_all: Callable[[AskerMaker], Awaitable[T]]) -> T:
    """What `judge_all` gives when every question has its answer, or when another round would bring nothing new.

    Args:
        carrier: of the questions.
        judge_all: one pass over all sweeps, with whoever answers instead of endpoints.
    """
    before: frozenset[str] = frozenset()
    while True:
        given = await judge_all(carrier.note)
        noted = carrier.noted()
        if not noted or noted <= before:  # what a batch failed to answer is failed again, not asked for ever
            return given
        await carrier.carry()
        before = noted
