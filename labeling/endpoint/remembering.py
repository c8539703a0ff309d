"""An asker that pays for no answer twice.

What was paid for is kept the moment it is there, whatever it says: a refusal too. What never came is not kept, so that the next run
asks again. A replay answers from what is kept alone, and so gives the same answers without a network.
"""

import asyncio
import hashlib
import json
from dataclasses import asdict, dataclass, field

from pydantic import TypeAdapter, ValidationError

from labeling.asking import Answer, Asker, Memory, Question
from labeling.verdict import ANSWERED

VERSION = "answer-1"
"""Of the way answers are read and kept; a change here asks again."""
ANSWER = TypeAdapter(Answer)


def memory_key(model: str, identity: str, question: Question) -> str:
    """64 hex digits of everything that decides an answer; not where the endpoint is."""
    return hashlib.sha256(json.dumps([VERSION, model, identity, question.digest()]).encode()).hexdigest()


def recall(memory: Memory, key: str) -> Answer | None:
    """The answer kept under a key; None when there is none, or none of this form."""
    try:
        return ANSWER.validate_python(memory.get_json(key))
    except ValidationError:
        return None


def keep(memory: Memory, key: str, answer: Answer) -> None:
    """Keep an answer that was paid for."""
    if answer.outcome in ANSWERED:
        memory.put_json(key, asdict(answer))


@dataclass(frozen=True)
class Remembering:
    """A `labeling.asking.Asker` before another one."""

    asker: Asker
    memory: Memory
    identity: str
    """What decides an answer besides model and question: `Endpoint.identity`."""
    replay: bool = False
    """Whether to answer from memory alone."""
    _asking: dict[str, asyncio.Lock] = field(default_factory=dict[str, asyncio.Lock])
    """Keys that are being asked: who asks the same meanwhile waits for the answer."""

    @property
    def model(self) -> str:
        """The asked one's."""
        return self.asker.model

    async def ask(self, question: Question) -> Answer:
        """From memory, else asked and kept; see `Asker.ask`."""
        key = memory_key(self.model, self.identity, question)
        if kept := recall(self.memory, key):
            return kept
        if self.replay:
            return Answer("transport", reason="not in the ledger")
        lock = self._asking.setdefault(key, asyncio.Lock())
        try:
            async with lock:
                if kept := recall(self.memory, key):
                    return kept
                answer = await self.asker.ask(question)
                keep(self.memory, key, answer)
                return answer
        finally:
            if not lock.locked():
                self._asking.pop(key, None)
