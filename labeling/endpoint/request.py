"""A question as the body of a chat completion, in the dialect that the endpoint understands.

OpenAI-compatible servers agree on the messages and differ in the rest: some know JSON schemas, some do not, some call the limit of an
answer `max_completion_tokens` and some refuse a temperature. `probe` finds out which; until then OpenAI's own is spoken.
"""

import base64
import json
from dataclasses import dataclass, replace
from typing import Any, Literal

from PIL.Image import Image

from labeling.asking import Part, Question
from labeling.endpoint.png import write_png

Detail = Literal["low", "high", "auto"]


@dataclass(frozen=True)
class Dialect:
    """What may stand in a request."""

    detail: Detail | None = None
    """How closely OpenAI looks at pictures; None: not said, for other servers do not know it."""
    seed: int | None = None
    json_schema: bool = True
    """Whether a schema is sent as such; else it is told in words."""
    answer_limit: Literal["max_completion_tokens", "max_tokens"] = "max_tokens"
    temperature: bool = True
    """Whether a temperature is sent; reasoning models refuse it."""

    def without(self, complaint: str) -> "Dialect | None":
        """The dialect without what the endpoint complains about; None when that is nothing of it."""
        said = complaint.lower()
        if "max_completion_tokens" in said and self.answer_limit == "max_tokens":
            return replace(self, answer_limit="max_completion_tokens")
        if "temperature" in said and self.temperature:
            return replace(self, temperature=False)
        if "detail" in said and self.detail:
            return replace(self, detail=None)
        if "seed" in said and self.seed is not None:
            return replace(self, seed=None)
        known = ("response_format", "json_schema", "schema", "grammar", "structured")
        if self.json_schema and any(word in said for word in known):
            return replace(self, json_schema=False)
        return None


def write_request(question: Question, model: str, dialect: Dialect) -> dict[str, Any]:
    """The body of a POST to `/chat/completions`; pictures as PNG, which loses nothing."""
    system = question.system
    schema = dict(question.schema)
    if not dialect.json_schema:
        told = f"Answer with one JSON object and nothing else. It follows this JSON schema: {json.dumps(schema)}"
        system = f"{system}\n\n{told}" if system else told
    content = [_part(part, dialect.detail) for part in question.parts]
    plain = "\n".join(part for part in question.parts if isinstance(part, str))
    pictured = any(not isinstance(part, str) for part in question.parts)
    body: dict[str, Any] = {
        "model": model,
        "messages": [
            *([{"role": "system", "content": system}] if system else []),
            {"role": "user", "content": content if pictured else plain},  # small servers know no parts
        ],
        dialect.answer_limit: question.max_tokens,
    }
    if dialect.temperature:
        body["temperature"] = question.temperature
    if dialect.seed is not None:
        body["seed"] = dialect.seed + question.repeat
    if dialect.json_schema:
        named = {"name": question.schema_name, "schema": schema, "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": named}
    return body


def _part(part: Part, detail: Detail | None) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    link = {"url": f"data:image/png;base64,{encode(part)}"}
    return {"type": "image_url", "image_url": link | ({"detail": detail} if detail else {})}


def encode(picture: Image) -> str:
    """A picture's PNG in base64."""
    return base64.b64encode(write_png(picture)).decode()
