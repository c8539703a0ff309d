"""Every picture by itself, with its name as text before it: more detail than a sheet, for more money."""

from collections.abc import Sequence

from PIL.Image import Image

from labeling.asking import Part
from labeling.rubric import REFERENCE
from labeling.strategies.layouts import Layouts


def show(reference: Image, cells: Sequence[tuple[str, Image]]) -> tuple[Part, ...]:
    """Name, picture, name, picture, ..."""
    return tuple(part for name, picture in [(REFERENCE, reference), *cells] for part in (f"{name}:", picture))


MULTI = Layouts("multi", show, "Each picture has its name before it.")
