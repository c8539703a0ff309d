"""A reply -> an `Answer`. A refusal and the reason why the model stopped are looked at before its JSON.

A model that would not answer may still have written something that parses, and a cut off answer may parse by accident.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from labeling.asking import Answer
from labeling.endpoint.objects import NoObjectError, last_object

EXCUSE = re.compile(
    r"^\W*(i['’]?m sorry|i am sorry|sorry,|i can['’]?t|i cannot|i can not|i won['’]?t|i['’]?m (unable|not able)|i am (unable|not able)|as an ai)",
    re.IGNORECASE,
)
"""How a refusal in plain text begins; looked for only where there is no JSON object."""


class _Lax(BaseModel):
    """Servers add fields of their own; these are the ones that decide."""

    model_config = ConfigDict(extra="ignore")


class _Message(_Lax):
    content: str | None = None
    refusal: str | None = None


class _Choice(_Lax):
    message: _Message
    finish_reason: str | None = None


class _Reply(_Lax):
    choices: list[_Choice]
    model: str | None = None
    usage: dict[str, Any] | None = None


@dataclass(frozen=True)
class Reply:
    """A reply of the right form."""

    answer: Answer
    """Without its cost."""
    usage: dict[str, Any] | None
    """None where the server counted nothing."""


def read_reply(raw: str) -> Reply | None:
    """What a reply with status 200 says; None when it has not the form of a chat completion: then nobody answered."""
    try:
        reply = _Reply.model_validate_json(raw)
    except ValidationError:
        return None
    if not reply.choices:
        return None
    said = _read_choice(reply.choices[0])
    usage = json.dumps(reply.usage or {})
    answer = Answer(said.outcome, said.value, said.text, said.reason, raw, usage, model=reply.model or "")
    return Reply(answer, reply.usage)


def answers_as(asked: str, named: str, *, allowed: str) -> bool:
    """Whether a reply that names its model so is of the asked one: the same, a dated snapshot of it, or what is allowed."""
    return not named or allowed in {"*", named} or named == asked or named.startswith(f"{asked}-20")


def _read_choice(choice: _Choice) -> Answer:
    text = choice.message.content or ""
    refusal = choice.message.refusal
    if refusal:
        return Answer("refused", text=refusal, reason=f"the model refused: {_short(refusal)}")
    if choice.finish_reason == "content_filter":
        return Answer("filtered", text=text, reason="the endpoint's content filter stopped the answer")
    if choice.finish_reason == "length":
        return Answer("truncated", text=text, reason="the answer reached its limit of tokens")
    try:
        return Answer("ok", last_object(text), text)
    except NoObjectError as error:
        if EXCUSE.match(text) and "{" not in text:
            return Answer("refused", text=text, reason=f"the model refused: {_short(text)}")
        return Answer("invalid", text=text, reason=str(error))


def _short(text: str) -> str:
    return " ".join(text.split())[:200]
