"""The evaluate stage on made-up tables: its outs, and what it refuses."""

import csv
import json
from pathlib import Path

import pytest

from gie.errors import InputError
from pipeline import evaluate
from pipeline.parquet import read_rows
from pipeline.paths import Paths
from pipeline.settings import read_recipe
from pipeline.tables import EvaluationRow
from tests.support.evaluation import LADDER, evaluated_project

ROOT = Path(__file__).parents[2]


def test_every_held_out_picture_has_a_row_and_no_other(evaluated: Paths) -> None:
    """Sweeps of val and test, adapter and oracle on test alone, nothing of train."""
    rows = read_rows(evaluated.evaluation, EvaluationRow)
    swept = [row for row in rows if row.policy not in {"adapter", "oracle"}]
    assert len(swept) == (2 + 4) * 5 * len(LADDER)
    assert {row.split for row in rows if row.policy == "adapter"} == {"test"}
    assert {row.split for row in rows} == {"val", "test"}


def test_metrics_are_plain_json_with_the_protocol_by_name(evaluated: Paths) -> None:
    """`dvc metrics show` reads numbers, null and text; NaN is no JSON."""
    numbers = json.loads(
        evaluated.metrics.read_text(), parse_constant=lambda name: pytest.fail(f"{name} in the metrics")
    )
    protocol = json.loads(evaluated.protocol.read_text())
    assert numbers["protocol"] == protocol["protocol"] == "gie-conditional-1"
    assert "airplane" in protocol["concepts"]
    assert 0 < numbers["gone"] <= 1


def test_the_curve_over_the_scale_starts_at_the_plain_model(evaluated: Paths) -> None:
    """One line a scale; nothing is gone at w = 0 and everything kept."""
    with (evaluated.plots / "scale.csv").open() as file:
        curve = list(csv.DictReader(file))
    assert [float(line["scale"]) for line in curve] == list(LADDER)
    assert (float(curve[0]["gone"]), float(curve[0]["kept"])) == (0.0, 1.0)
    assert max(float(line["gone"]) for line in curve) > 0.5


def test_evaluating_again_writes_the_same_bytes(evaluated: Paths) -> None:
    """An out depends on its inputs alone."""
    outs = [
        evaluated.evaluation,
        evaluated.metrics,
        evaluated.report,
        evaluated.plots / "scale.csv",
        evaluated.plots / "training.csv",
    ]
    before = [path.read_bytes() for path in outs]
    evaluated_project(evaluated.root)
    assert [path.read_bytes() for path in outs] == before


def test_a_missing_evaluator_is_one_clear_line(tmp_path: Path) -> None:
    """Expected, got, what to do."""
    recipe = read_recipe("emoji-airplane", ROOT / "params.yaml")
    with pytest.raises(InputError, match=r"expected an evaluator's folder, got .*emoji-evaluator.*params\.yaml"):
        evaluate.run(recipe, Paths(tmp_path, recipe.name))
