"""Which rows of a UNet batch are the conditional ones, and how to take rows out of a UNet call.

diffusers stacks [unconditional, conditional] under classifier-free guidance. The row count alone cannot tell: 2 n rows
may be n guided images or 2 n plain ones. So the pipeline is asked at every forward (callbacks may switch guidance off
on the way) and its answer is checked against the count.
"""

from typing import Any, cast

from torch import Tensor

from gie.errors import GieError


def conditional_rows(rows: int, *, guided: bool, images: int | None) -> slice:
    """The conditional ones of `rows`; `images` is what this generation began with, None at its beginning.

    Raises:
        GieError: the count does not fit what the pipeline says of itself.
    """
    expected = images if images is not None else rows // (2 if guided else 1)
    if rows != expected * (2 if guided else 1):
        kind = "guided" if guided else "unguided"
        raise GieError(f"expected {expected} {kind} images in the UNet's batch, got {rows} rows; nothing was generated")
    return slice(rows - expected, rows)


def take_rows(value: Any, wanted: slice, *, rows: int) -> Any:
    """`value` of a UNet call with the `wanted` of its `rows` rows: tensors of that length, alone or inside containers."""
    if isinstance(value, Tensor):
        return value[wanted] if value.ndim and value.shape[0] == rows else value
    if isinstance(value, tuple | list):
        items = [take_rows(item, wanted, rows=rows) for item in cast("list[Any]", value)]
        return tuple(items) if isinstance(value, tuple) else items
    if isinstance(value, dict):
        return {key: take_rows(item, wanted, rows=rows) for key, item in cast("dict[str, Any]", value).items()}
    return value
