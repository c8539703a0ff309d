"""A user's mistake in one line: where, what was expected, what stands there, and what was probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The tail ", did you mean 'x'?" for the nearest known name, or "" when none is near."""
    near = get_close_matches(name, list(known), n=1)
    return f", did you mean {near[0]!r}?" if near else ""


def one_line(error: ValidationError, where: str, model: type[BaseModel]) -> str:
    """The first mistake that pydantic found, and how many more there are."""
    first, count = error.errors()[0], error.error_count()
    more = f" ({count - 1} more)" if count > 1 else ""
    place = ".".join([where, *(str(part) for part in first["loc"] if _is_key(part))])
    if first["type"] == "extra_forbidden":
        key = str(first["loc"][-1])
        known = _keys(model, first["loc"][:-1])
        return f"{place}: unknown key{did_you_mean(key, known)}; expected one of {', '.join(known)}{more}"
    if first["type"] == "missing":
        return f"{place}: expected a value, got none; add the key{more}"
    if first["type"] == "value_error":  # our own validators say what they got
        return f"{place}: {first['msg'].removeprefix('Value error, ')}{more}"
    return f"{place}: {first['msg'].replace('Input should be', 'expected')}, got {first['input']!r}{more}"


def _is_key(part: int | str) -> bool:
    """Pydantic names the branch of a union too ("ScaleRange", "tuple[float, ...]"): nobody wrote that in a file."""
    return isinstance(part, int) or (part[:1].islower() and "[" not in part)


def _keys(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """The keys that may stand at a place of the file."""
    for part in path:
        annotation = model.model_fields[str(part)].annotation if str(part) in model.model_fields else None
        model = _model_in(annotation) or model
    return [name for name in model.model_fields if name != "name"]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    options = [annotation, *get_args(annotation)]
    models = [option for option in options if isinstance(option, type) and issubclass(option, BaseModel)]
    return models[0] if models else None
