"""A question to a model and its answer, whoever carries them.

Judges and prompt writers put a `Question` to an `Asker` and get an `Answer`, always: what was refused, cut off or never came is an
answer with a reason. They know nothing of HTTP, of retries or of money; an asker knows nothing of sweeps.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from PIL.Image import Image

from labeling.outcomes import VerdictOutcome

Part = str | Image


@dataclass(frozen=True)
class Question:
    """One request to a model."""

    system: str
    """What the model is told about its task; "" sends no system message."""
    parts: tuple[Part, ...]
    """Text and pictures in the order they are shown."""
    schema: Mapping[str, Any]
    """JSON schema that the answer must follow."""
    schema_name: str
    """Letters, digits, `_` and `-`: some endpoints want a schema to have a name."""
    max_tokens: int
    """Of the answer; also what a budget reserves for it."""
    temperature: float = 0.0
    repeat: int = 0
    """Which of several askings of the same question; each is remembered by itself."""

    def digest(self) -> str:
        """64 hex digits of all of it, pictures by their pixels: how a file was compressed changes nothing."""
        parts = [["text", part] if isinstance(part, str) else ["picture", hash_pixels(part)] for part in self.parts]
        schema = dict(self.schema)
        told = [self.system, parts, schema, self.schema_name, self.max_tokens, self.temperature, self.repeat]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Answer:
    """What came back for a question."""

    outcome: VerdictOutcome
    value: Any = None
    """The answer's JSON object; None unless `outcome` is ok. It is an object, nothing more is promised: who asks checks it."""
    text: str = ""
    """The model's own text; of a refusal, the refusal's."""
    reason: str = ""
    """Why there is no value."""
    raw: str = "{}"
    """The whole reply as JSON text: no pictures, no headers, no key."""
    usage: str = "{}"
    """What the endpoint counted, as JSON text."""
    cost_usd: float = 0.0
    """Of all attempts together."""
    model: str = ""
    """As the reply names it; "" when there was no reply."""


class Asker(Protocol):
    """Who carries questions to a model."""

    @property
    def model(self) -> str:
        """Name of the model that is asked."""
        ...

    async def ask(self, question: Question) -> Answer:
        """Ask once; never raises for an answer that is missing or odd: that is an outcome."""
        ...


class Memory(Protocol):
    """Where paid answers are kept; `pipeline.ledger.Ledger` is one."""

    def get_json(self, key: str) -> Any:
        """The value put under this key; None when there is none."""
        ...

    def put_json(self, key: str, value: Any) -> None:
        """Keep a JSON value other than null; it is there for good when this returns."""
        ...


def hash_pixels(image: Image) -> str:
    """64 hex digits of a picture's size and RGB values."""
    pixels = image.convert("RGB")
    return hashlib.sha256(repr(pixels.size).encode() + pixels.tobytes()).hexdigest()
