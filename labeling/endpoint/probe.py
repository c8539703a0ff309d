"""What an endpoint can do, found out by three tiny questions before thousands are asked.

A word as JSON: is the model there, is the key right, does it know schemas, which parameters does it refuse, does it count tokens. Then
the same with one picture and with two. Whether it also sees what is on them is noted and not insisted on: small models may not.
"""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from PIL import Image

from labeling.asking import Answer, Part, Question
from labeling.endpoint.chat import Endpoint
from labeling.endpoint.failing import Failure
from labeling.endpoint.request import Dialect, write_request
from labeling.errors import LabelingError

COLOURS = ("red", "blue")
MOST_TOKENS = 200
PAUSES = 3
"""How often a busy endpoint is waited for."""


@dataclass(frozen=True)
class Capabilities:
    """What an endpoint has shown."""

    dialect: Dialect
    """What it understands."""
    model: str
    """How replies call the model; "" when they do not."""
    images: bool
    """Whether it takes a picture."""
    several_images: bool
    """Whether it takes two."""
    saw: bool
    """Whether it named the colours of the pictures that it took."""
    json_schema: bool
    """Whether it takes schemas as such."""
    usage: bool
    """Whether it counts tokens; if not, a budget takes the most that a call may cost."""
    notes: tuple[str, ...] = ()
    """What it said about what it cannot do."""


async def probe(endpoint: Endpoint) -> Capabilities:
    """Ask the three questions; the endpoint itself is left as it is.

    Raises:
        LabelingError: the key, the model or its name in replies is not what was expected.
        ConnectionError: nobody answers.
    """
    probing = endpoint.twin()
    notes: list[str] = []
    first = await _ask_adapting(probing, _colours(), notes)
    if isinstance(first, Failure):
        raise _refused(endpoint, first)
    seen = [await _ask(probing, _colours(*COLOURS[:count])) for count in (1, 2)]
    notes += [f"{count} pictures: {got.reason}" for count, got in enumerate(seen, 1) if isinstance(got, Failure)]
    images, several = (isinstance(got, Answer) for got in seen)
    return Capabilities(
        probing.dialect,
        first.model,
        images=images,
        several_images=several,
        saw=all(_named(got) == list(COLOURS[:count]) for count, got in enumerate(seen, 1) if isinstance(got, Answer)),
        json_schema=probing.dialect.json_schema,
        usage=bool(json.loads(first.usage)),
        notes=tuple(notes),
    )


async def _ask_adapting(endpoint: Endpoint, question: Question, notes: list[str]) -> Answer | Failure:
    """Ask, each time without what the endpoint complained about."""
    while True:
        got = await _ask(endpoint, question)
        if isinstance(got, Answer) or got.again or got.closed or got.outcome != "transport":
            return got
        simpler = endpoint.dialect.without(got.reason)
        if simpler is None:
            return got
        notes.append(got.reason)
        endpoint.dialect = simpler


async def _ask(endpoint: Endpoint, question: Question) -> Answer | Failure:
    """One attempt, or some where the endpoint is busy; a reply of any outcome shows that the request was understood."""
    body = write_request(question, endpoint.model, endpoint.dialect)
    for attempt in range(1, PAUSES + 1):
        got = await endpoint.attempt(question, body)
        pause = endpoint.retries.pause(attempt, got) if isinstance(got, Failure) and attempt < PAUSES else None
        if pause is None:
            return got
        await asyncio.sleep(pause)
    raise AssertionError


def _refused(endpoint: Endpoint, failure: Failure) -> Exception:
    told = f"expected {endpoint.model} at {endpoint.address.shown} to answer, got {failure.reason}"
    if failure.outcome == "budget":
        return LabelingError(f"{failure.reason}; allow more")
    if failure.again:
        return ConnectionError(f"{told}; is it running?")
    return LabelingError(told)


def _colours(*colours: str) -> Question:
    """A word to say, or the colours of pictures to name."""
    pictures: list[Part] = [Image.new("RGB", (64, 64), colour) for colour in colours]
    asked = "Name the colour of each picture, in order." if colours else 'Say the one word "red".'
    words: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
    schema = {"type": "object", "properties": {"words": words}, "required": ["words"], "additionalProperties": False}
    return Question("", (asked, *pictures), schema, "probe", MOST_TOKENS)


def _named(answer: Answer) -> list[str]:
    words = answer.value.get("words") if answer.outcome == "ok" else None
    return [str(word).lower() for word in words] if isinstance(words, list) else []
