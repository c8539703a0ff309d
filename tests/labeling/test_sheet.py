"""The contact sheet: every picture is on it, unchanged, in reading order, under its own name."""

import numpy as np
import pytest
from PIL import Image

from labeling.sheet import GAP_PX, GROUND, NAME_PX, TILE_PX, draw_sheet, name_cells
from tests.support.seeing_server import find_cells


def noise(number: int, *, size: int = 64) -> Image.Image:
    """A picture like no other."""
    return Image.fromarray(np.random.default_rng(number).integers(0, 256, (size, size, 3), np.uint8))


@pytest.mark.parametrize("count", [1, 2, 6, 15, 30])
def test_pictures_are_found_in_the_pixels(count: int) -> None:
    """Whoever knows nothing but the pixels finds the plain picture and all others, each of them exactly."""
    pictures = [noise(number) for number in range(count + 1)]
    sheet = draw_sheet(pictures[0], list(zip(name_cells(count), pictures[1:], strict=True)))
    cells = find_cells(sheet)
    assert len(cells) == count + 1
    for cell, picture in zip(cells, pictures, strict=True):
        assert cell.size == (TILE_PX, TILE_PX)
        assert np.array_equal(np.asarray(cell.resize(picture.size, Image.Resampling.BOX)), np.asarray(picture))


def test_large_pictures_are_made_smaller() -> None:
    """A sheet of large pictures stays a sheet."""
    sheet = draw_sheet(noise(0, size=512), [("A", noise(1, size=512))])
    assert sheet.width == 2 * (TILE_PX + GAP_PX) + GAP_PX


def test_each_cell_has_its_own_name_above_it() -> None:
    """Names are drawn, they differ, and the same name looks the same in another place."""
    white = Image.new("RGB", (64, 64), "white")
    sheet = np.asarray(draw_sheet(white, [("A", white), ("B", white), ("A", white)]))
    step_x, step_y = TILE_PX + GAP_PX, TILE_PX + NAME_PX + GAP_PX
    reference, a, b, again = (
        sheet[GAP_PX + y * step_y : GAP_PX + y * step_y + NAME_PX, GAP_PX + x * step_x : (x + 1) * step_x]
        for y, x in ((0, 0), (0, 1), (1, 0), (1, 1))
    )
    assert (a != GROUND).any()
    assert not np.array_equal(reference, a)
    assert not np.array_equal(a, b)
    assert np.array_equal(a, again)


def test_names_are_letters_and_never_twice() -> None:
    """Beyond 26 they have two letters."""
    names = name_cells(60)
    assert names[:3] == ["A", "B", "C"]
    assert names[25:28] == ["Z", "AA", "AB"]
    assert len(set(names)) == 60
