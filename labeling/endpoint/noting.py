"""An asker that asks nobody: what memory does not know is written down for a batch."""

import asyncio
from dataclasses import dataclass

from labeling.asking import Answer, Memory, Question
from labeling.endpoint.prices import Prices
from labeling.endpoint.remembering import memory_key, recall
from labeling.endpoint.request import Dialect, write_request
from labeling.endpoint.shards import Shards


@dataclass
class Noting:
    """A `labeling.asking.Asker` for the passes between batches."""

    model: str
    identity: str
    """As in `Remembering`, so that both find the same answers."""
    memory: Memory
    shards: Shards
    dialect: Dialect
    prices: Prices
    """With a batch's share of the price."""
    most_usd: float | None = None
    """What all that is noted may cost together."""
    noted_usd: float = 0.0
    reached: bool = False
    """Whether a question was turned down."""

    @property
    def count(self) -> int:
        """How many questions were noted."""
        return len(self.shards.keys)

    async def ask(self, question: Question) -> Answer:
        """From memory, else noted: an answer of outcome `transport`, or `budget` where there is no room for it."""
        key = memory_key(self.model, self.identity, question)
        if kept := recall(self.memory, key):
            return kept
        bound = 0.0 if key in self.shards.keys else self.prices.bound(question)
        if self.most_usd is not None and self.noted_usd + bound > self.most_usd:
            self.reached = True
            return Answer("budget", reason=f"expected room for ${bound:.4f}, got ${self.noted_usd:.4f} noted already")
        self.noted_usd += bound
        body = await asyncio.to_thread(write_request, question, self.model, self.dialect)
        self.shards.add(key, body)
        return Answer("transport", reason="in the batch")
