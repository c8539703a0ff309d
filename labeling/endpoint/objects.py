"""The JSON object in a model's text, or why there is none.

Models wrap objects in fences and prose, and may quote a wrong one before the right one: the last counts. It counts only when nothing
after it was left open, for then the last object is one that was never finished, and a quoted one must not take its place.
"""

import json
from typing import Any


class NoObjectError(ValueError):
    """The text holds no JSON object that can be trusted."""


def last_object(text: str) -> dict[str, Any]:
    """The last JSON object of a text; raises NoObjectError that says what stands there instead."""
    found = _balanced(text)
    if not found:
        raise NoObjectError(f"expected a JSON object, got {text.strip()[:80]!r}")
    try:
        value = json.loads(found[-1], object_pairs_hook=_each_once, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise NoObjectError(f"expected a JSON object, got malformed JSON: {error.msg}") from error
    assert isinstance(value, dict)
    return value


def _balanced(text: str) -> list[str]:
    """The stretches `{...}` of a text that stand in no other; raises NoObjectError when one is left open."""
    found: list[str] = []
    depth = start = 0
    quoted = escaped = False
    for index, letter in enumerate(text):
        if quoted:
            quoted = escaped or letter != '"'
            escaped = letter == "\\" and not escaped
        elif letter == '"' and depth:
            quoted = True
        elif letter == "{":
            start = start if depth else index
            depth += 1
        elif letter == "}" and depth:
            depth -= 1
            if not depth:
                found.append(text[start : index + 1])
    if depth:
        raise NoObjectError("expected a JSON object, got one that does not end")
    return found


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if twice := [name for name in names if names.count(name) > 1]:
        raise NoObjectError(f"expected each key once, got {twice[0]!r} twice")
    return dict(pairs)


def _refuse(constant: str) -> Any:
    raise NoObjectError(f"expected numbers, got {constant}")
