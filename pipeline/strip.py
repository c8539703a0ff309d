"""Pictures for a page that shows no HTML: prompts without and with the adapter, and sweeps, each as one PNG.

The background is transparent and the words are grey, so that they are legible on light and on dark.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from pipeline.parquet import read_rows, read_shards
from pipeline.paths import Paths
from pipeline.png import open_picture
from pipeline.report.findings import first_of_each_kind
from pipeline.summary import Summary, summarise
from pipeline.tables import EvaluationRow, SweepImage

CELL_PX = 96
GAP_PX = 8
LINE_PX = 20
HEAD_PX = 76
"""Width of the words at the left of a row."""
GREY = (128, 128, 128, 255)
A_KIND = 2


@dataclass(frozen=True)
class Cell:
    """One picture of a grid and the words below it."""

    picture: Image.Image
    words: str


def draw_without_and_with(paths: Paths) -> Image.Image:
    """The first prompts of each kind by hash: above the plain model, below the adapter with its scale."""
    rows = first_of_each_kind(_summary(paths), A_KIND)
    plain, adapted = _pictures(paths, rows)
    above = [Cell(plain[row.prompt_id, 0.0], row.kind) for row in rows]
    below = [Cell(adapted[row.prompt_id], f"w = {row.scale:.1f}") for row in rows]
    return grid({"without": above, "with": below})


def draw_sweeps(paths: Paths) -> Image.Image:
    """One prompt of each kind at every scale, and at the end what the adapter chose."""
    rows = first_of_each_kind(_summary(paths), 1)
    plain, adapted = _pictures(paths, rows)
    swept = {
        row.kind: [Cell(picture, f"{scale:g}") for (prompt, scale), picture in plain.items() if prompt == row.prompt_id]
        for row in rows
    }
    return grid(
        {row.kind: [*swept[row.kind], Cell(adapted[row.prompt_id], f"adapter {row.scale:.1f}")] for row in rows}
    )


def grid(rows: Mapping[str, Sequence[Cell]]) -> Image.Image:
    """Rows of cells, each row with its name at the left."""
    width = HEAD_PX + max(len(cells) for cells in rows.values()) * (CELL_PX + GAP_PX)
    canvas = Image.new("RGBA", (width, len(rows) * (CELL_PX + LINE_PX + GAP_PX)))
    pen, font = ImageDraw.Draw(canvas), ImageFont.load_default(14)
    for line, (name, cells) in enumerate(rows.items()):
        top = line * (CELL_PX + LINE_PX + GAP_PX)
        pen.text((0, top + CELL_PX // 2), name, GREY, font, anchor="lm")
        for column, cell in enumerate(cells):
            left = HEAD_PX + column * (CELL_PX + GAP_PX)
            canvas.paste(cell.picture.resize((CELL_PX, CELL_PX), Image.Resampling.LANCZOS), (left, top))
            pen.text((left + CELL_PX // 2, top + CELL_PX + 3), cell.words, GREY, font, anchor="ma")
    return canvas


def _summary(paths: Paths) -> Summary:
    return summarise(read_rows(paths.evaluation, EvaluationRow))


def _pictures(
    paths: Paths, rows: Iterable[EvaluationRow]
) -> tuple[dict[tuple[str, float], Image.Image], dict[str, Image.Image]]:
    """The sweeps and the adapter's pictures of these prompts."""
    wanted = {row.prompt_id for row in rows}
    swept = {
        (shown.prompt_id, shown.scale): open_picture(shown.image)
        for shown in read_shards(paths.sweeps, SweepImage)
        if shown.prompt_id in wanted
    }
    made = read_rows(paths.adapted, SweepImage)
    return swept, {shown.prompt_id: open_picture(shown.image) for shown in made if shown.prompt_id in wanted}
