"""What README.md shows: a table file and pictures, from evaluations alone."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gie.errors import InputError
from pipeline import objects
from pipeline.paths import Paths
from pipeline.strip import Cell, grid


@pytest.fixture(scope="module")
def paths(evaluated: Paths) -> Paths:
    """An evaluated adapter whose README's files were written."""
    objects.run(evaluated.root, [evaluated.adapter])
    return evaluated


def test_the_table_shows_what_the_metrics_say(paths: Paths) -> None:
    """A number stands in one place, and is copied from there."""
    table = json.loads((paths.root / "docs" / "results" / "objects.json").read_text())
    metrics = json.loads(paths.metrics.read_text())
    [row] = table["rows"]
    cells = dict(zip((column["name"] for column in table["columns"]), row, strict=True))
    assert cells["gone, explicit"] == metrics["adapter"]["explicit"]["gone"]
    assert cells["kept, pairs"] == metrics["adapter"]["pair"]["kept"]


def test_every_kind_is_shown_without_and_with(paths: Paths) -> None:
    """Two rows, two prompts of each of the five kinds."""
    with Image.open(paths.root / "docs" / "images" / f"{paths.adapter}.png") as picture:
        width, height = picture.size
    assert width > 10 * 96
    assert 2 * 96 < height < 3 * 96


def test_a_sweep_is_shown_with_all_its_scales(paths: Paths) -> None:
    """Sixteen scales and the adapter's picture."""
    with Image.open(paths.root / "docs" / "images" / f"{paths.adapter}-sweep.png") as picture:
        assert picture.width > 17 * 96


def test_a_cell_stands_where_its_row_and_column_are() -> None:
    """Red left, blue right; around them nothing."""
    red, blue = (Image.new("RGB", (4, 4), colour) for colour in ("red", "blue"))
    drawn = np.asarray(grid({"row": [Cell(red, ""), Cell(blue, "")]}))
    columns = [drawn[48, 76 + 48 + 104 * column].tolist() for column in range(2)]
    assert columns == [[255, 0, 0, 255], [0, 0, 255, 255]]
    assert drawn[-1, -1].tolist() == [0, 0, 0, 0]


def test_an_adapter_that_was_not_evaluated_is_refused(tmp_path: Path) -> None:
    """Nothing is written for it."""
    with pytest.raises(InputError, match=r"metrics\.json, got no file"):
        objects.run(tmp_path, ["emoji-airplane"])
    assert not (tmp_path / "docs" / "images").exists()
