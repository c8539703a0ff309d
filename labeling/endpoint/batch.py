"""Questions by offline batches, at half the price and within a day: the same judges, the same memory.

A pass lets everybody ask, and writes down what memory does not know. The batch answers it into memory. The next pass gets further,
and writes down what came up now. When nothing new comes up, everything has been answered, and a replay gives the labels.
"""

import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labeling.asking import Answer, Asker, Memory
from labeling.endpoint.batches import Batches
from labeling.endpoint.chat import Endpoint
from labeling.endpoint.failing import read_status
from labeling.endpoint.noting import Noting
from labeling.endpoint.prices import Prices
from labeling.endpoint.remembering import keep
from labeling.endpoint.reply import answers_as, read_reply
from labeling.endpoint.shards import MOST_BYTES, Shards, whole_files
from labeling.verdict import ANSWERED

if TYPE_CHECKING:
    from openai.types import Batch

SHARE = 0.5
"""Of the price, what a batch costs."""

Pass = Callable[[Asker], Awaitable[object]]
"""Asks everything there is to ask."""


@dataclass
class BatchedAsking:
    """The rounds of passes and batches over one endpoint."""

    endpoint: Endpoint
    """Says where, which model, in which dialect and at which price; probed before, and not asked."""
    memory: Memory
    folder: Path
    """Where the files are, until they are answered; another run goes on with them."""
    most_bytes: int = MOST_BYTES
    poll_s: float = 30.0
    outcomes: Counter[str] = field(default_factory=Counter[str])
    """Of the answers that came."""
    problems: list[str] = field(default_factory=list[str])
    """Of batches that failed as a whole."""
    spent_usd: float = 0.0
    reached: bool = False
    """Whether a question was turned down for the budget's sake."""

    async def run(self, ask_all: Pass) -> int:
        """Rounds until nothing new is asked, or nothing new is answered; returns how many batches were fetched.

        Raises:
            ConnectionError: the endpoint takes no batches.
            LabelingError: there is no key.
        """
        fetched = 0
        async with Batches(self.endpoint.address, self.folder, self.endpoint.retries) as batches:
            fetched += await self._resume(batches)
            while await self._note(ask_all):
                await batches.submit()
                before = self._kept
                fetched += await self._collect(batches)
                if self._kept == before:
                    break
        return fetched

    @property
    def _kept(self) -> int:
        """Answers that went into memory: only they bring the next pass further."""
        return sum(self.outcomes[outcome] for outcome in ANSWERED)

    async def _resume(self, batches: Batches) -> int:
        """Collect what an earlier run handed in; what it only wrote is written anew."""
        there = await batches.find()
        for path in whole_files(self.folder):
            if path.stem not in there:
                path.unlink()
        return await self._collect(batches)

    async def _note(self, ask_all: Pass) -> int:
        """A pass; how many questions it left open."""
        budget = self.endpoint.budget.most_usd
        notes = Noting(
            self.endpoint.model,
            self.endpoint.identity,
            self.memory,
            Shards(self.folder, self.most_bytes),
            self.endpoint.dialect,
            Prices(self.endpoint.prices.price, share=SHARE),
            most_usd=None if budget is None else budget - self.spent_usd,
        )
        await ask_all(notes)
        notes.shards.close()
        self.reached = notes.reached
        return notes.count

    async def _collect(self, batches: Batches) -> int:
        """Wait, and keep all answers; the files of answered batches go."""
        there = await batches.wait(self.poll_s)
        for name, batch in there.items():
            for line in await batches.fetch(batch):
                self._keep(line)
            if batch.status != "completed":
                self.problems.append(f"batch {batch.id}: {batch.status}{_errors(batch)}")
            (self.folder / f"{name}.jsonl").unlink()
        return len(there)

    def _keep(self, line: dict[str, Any]) -> None:
        answer = self._read(line)
        keep(self.memory, str(line["custom_id"]), answer)
        self.spent_usd += answer.cost_usd
        self.outcomes[answer.outcome] += 1

    def _read(self, line: dict[str, Any]) -> Answer:
        response = line.get("response") or {}
        status, raw = response.get("status_code"), json.dumps(response.get("body"))
        if status != 200:
            failure = read_status(status or 0, raw if response else json.dumps(line.get("error")), {})
            return Answer(failure.outcome, reason=failure.reason, raw=failure.raw)
        reply = read_reply(raw)
        if reply is None:
            return Answer("transport", reason="no chat completion in the reply", raw=raw)
        cost = Prices(self.endpoint.prices.price, share=SHARE).paid(reply.usage) or 0.0
        named, asked = reply.answer.model, self.endpoint.model
        if not answers_as(asked, named, allowed=self.endpoint.address.answers_as):
            return Answer("transport", reason=f"expected an answer of {asked}, got one of {named}", raw=raw)
        return replace(reply.answer, cost_usd=cost)


def _errors(batch: "Batch") -> str:
    said = [error.message or "" for error in (batch.errors.data if batch.errors else None) or []]
    return f": {'; '.join(said)}" if said else ""
