"""A contact sheet: all pictures of a sweep as one picture, each under its name, the plain one first.

One sheet costs a fraction of what its pictures cost one by one, and models that lose track of many pictures in a message read one
grid well. The names stand in the picture; they say nothing about the scales.
"""

from collections.abc import Sequence
from math import ceil, sqrt

from PIL import Image, ImageDraw, ImageFont

from labeling.rubric import REFERENCE

TILE_PX = 256
"""Longest edge of a tile at most; small pictures are enlarged by whole factors up to it, so that no pixel is invented."""
GAP_PX, NAME_PX = 8, 28
GROUND, INK = (64, 64, 64), (255, 255, 255)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def name_cells(count: int) -> list[str]:
    """A, B, ... Z, AA, AB, ...: neutral names in reading order."""
    return [(LETTERS[index // 26 - 1] if index >= 26 else "") + LETTERS[index % 26] for index in range(count)]


def draw_sheet(reference: Image.Image, cells: Sequence[tuple[str, Image.Image]]) -> Image.Image:
    """The sheet of the plain picture and of the named ones, in this order, row by row."""
    named = [(REFERENCE, reference), *cells]
    tiles = [_fit(picture) for _, picture in named]
    width, height = (max(sizes) for sizes in zip(*(tile.size for tile in tiles), strict=True))
    columns = ceil(sqrt(len(tiles)))
    rows = ceil(len(tiles) / columns)
    step_x, step_y = width + GAP_PX, height + NAME_PX + GAP_PX
    sheet = Image.new("RGB", (columns * step_x + GAP_PX, rows * step_y + GAP_PX), GROUND)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=NAME_PX - 8)
    for index, ((name, _), tile) in enumerate(zip(named, tiles, strict=True)):
        x, y = GAP_PX + index % columns * step_x, GAP_PX + index // columns * step_y
        pen.text((x + width // 2, y + NAME_PX // 2 - 2), name, fill=INK, font=font, anchor="mm")
        sheet.paste(tile, (x, y + NAME_PX))
    return sheet


def _fit(picture: Image.Image) -> Image.Image:
    picture = picture.convert("RGB")
    longest = max(picture.size)
    factor = TILE_PX // longest
    if factor > 1:
        return picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.NEAREST)
    picture.thumbnail((TILE_PX, TILE_PX), Image.Resampling.LANCZOS)
    return picture
