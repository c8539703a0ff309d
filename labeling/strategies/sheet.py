"""All pictures on one labelled contact sheet: the cheapest way, and the default."""

from collections.abc import Sequence

from PIL.Image import Image

from labeling.asking import Part
from labeling.sheet import draw_sheet
from labeling.strategies.layouts import Layouts


def show(reference: Image, cells: Sequence[tuple[str, Image]]) -> tuple[Part, ...]:
    """One picture."""
    return (draw_sheet(reference, cells),)


SHEET = Layouts("sheet", show, "The pictures are cells of one sheet; each has its name above it, and REF is the first.")
