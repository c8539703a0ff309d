"""Which rows of the denoiser's batch are the conditional ones, and how to take rows out of a call.

diffusers stacks [unconditional, conditional] under classifier-free guidance, and perturbed attention guidance (PAG) puts
the conditional rows a second time behind. The row count alone cannot tell: 2 n rows may be n guided images or 2 n plain
ones. So the pipeline is asked at every forward (callbacks may switch guidance off on the way) and its answer is checked
against the count.
"""

from typing import Any, cast

from torch import Tensor

from gie.errors import GieError

Parts = tuple[slice, ...]
"""Parts of a batch that see the text, each with one row an image in the same order; features are read from the first."""


def conditional_parts(rows: int, *, guided: bool, perturbed: bool, images: int | None) -> Parts:
    """The conditional parts of `rows`; `images` is what this generation began with, None at its beginning.

    Raises:
        GieError: the count does not fit what the pipeline says of itself.
    """
    copies = 2 if perturbed else 1
    expected = images if images is not None else rows // (copies + guided)
    if rows != expected * (copies + guided):
        kind = ("guided" if guided else "unguided") + (" and perturbed" if perturbed else "")
        raise GieError(f"expected {expected} {kind} images in the batch, got {rows} rows; nothing was generated")
    return tuple(slice((guided + copy) * expected, (guided + copy + 1) * expected) for copy in range(copies))


def take_rows(value: Any, wanted: slice, *, rows: int) -> Any:
    """`value` of a call with the `wanted` of its `rows` rows: tensors of that length, alone or inside containers."""
    if isinstance(value, Tensor):
        return value[wanted] if value.ndim and value.shape[0] == rows else value
    if isinstance(value, tuple | list):
        items = [take_rows(item, wanted, rows=rows) for item in cast("list[Any]", value)]
        return tuple(items) if isinstance(value, tuple) else items
    if isinstance(value, dict):
        return {key: take_rows(item, wanted, rows=rows) for key, item in cast("dict[str, Any]", value).items()}
    return value
