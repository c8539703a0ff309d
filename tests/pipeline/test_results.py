"""The README's table of adapters says what their evaluations say."""

import json
from pathlib import Path
from typing import Any

import pytest

from checks.readme import Results, fill, render
from gie.errors import InputError
from pipeline.parquet import write_rows
from pipeline.paths import Paths
from pipeline.results import table, write_results
from pipeline.tables import EvaluationRow

GROUP = {"n": 40, "gone": 0.95, "kept": 0.925, "success": 0.9, "orr": 0.95}
METRICS: dict[str, Any] = {
    "regret": 0.05,
    "scale": {"best_fixed": -7.0, "hindsight_fixed": -8.0},
    "adapter_minus_best_fixed": {"mean": 0.04, "low": 0.01, "high": 0.07, "n": 200},
    "best_fixed": {"regret": 0.09, "benign": {**GROUP, "kept": 0.42}, "overall": {**GROUP, "success": 0.81}},
    "adapter": {
        "regret": 0.05,
        "explicit": GROUP,
        "synonym": {**GROUP, "gone": 0.85},
        "implicit": GROUP,
        "pair": {**GROUP, "kept": 0.7},
        "benign": {**GROUP, "gone": None, "kept": 0.98},
        "overall": {**GROUP, "n": 200},
    },
}


def cells(metrics: dict[str, Any]) -> list[str]:
    """The printed cells of one adapter."""
    row = render(Results.model_validate(table({"emoji-car": metrics}))).splitlines()[2]
    return [cell.strip() for cell in row.strip("|").split("|")]


def test_each_number_stands_in_its_column() -> None:
    """Gone by kind of target, kept by kind of neighbour, then the adapter against the fixed scale."""
    assert cells(METRICS) == [
        "emoji-car", "95.0 %", "85.0 % ✗", "95.0 %", "98.0 %", "70.0 % ✗",
        "5.0 %", "90.0 %", "81.0 % (w = -7)", "42.0 %", "+4.0 [+1.0, +7.0]",
    ]  # fmt: skip


def test_a_kind_without_prompts_is_a_dash() -> None:
    """A number that was not measured is not made up."""
    adapter = {name: group for name, group in METRICS["adapter"].items() if name != "pair"}
    assert cells({**METRICS, "adapter": adapter})[5] == "–"


def test_the_file_fills_the_page(tmp_path: Path) -> None:
    """From the evaluations' metrics to the README in two steps, in the order asked for."""
    for name in ("emoji-car", "emoji-cat"):
        file = Paths(tmp_path, name).metrics
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(METRICS), "utf-8")
        write_rows(Paths(tmp_path, name).evaluation, EvaluationRow, [])
    file = write_results(["emoji-cat", "emoji-car"], tmp_path)
    page = fill("<!-- table:objects -->\n<!-- /table:objects -->", file.parent)
    assert page.index("| emoji-cat |") < page.index("| emoji-car |")


def test_an_adapter_that_was_not_evaluated_is_named(tmp_path: Path) -> None:
    """The table is written whole or not at all."""
    with pytest.raises(InputError, match="emoji-cat selected"):
        write_results(["emoji-cat"], tmp_path)
    assert not (tmp_path / "docs").exists()
