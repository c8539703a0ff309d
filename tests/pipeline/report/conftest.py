"""The findings of the made-up evaluation."""

from pathlib import Path

import pytest

from pipeline.parquet import read_rows
from pipeline.paths import Paths
from pipeline.report.findings import Findings
from pipeline.report.gather import gather
from pipeline.settings import read_recipe
from pipeline.summary import summarise
from pipeline.tables import EvaluationRow


@pytest.fixture(scope="session")
def findings(evaluated: Paths) -> Findings:
    """What the page of the evaluated project shows."""
    recipe = read_recipe(evaluated.adapter, Path(__file__).parents[3] / "params.yaml")
    return gather(recipe, evaluated, summarise(read_rows(evaluated.evaluation, EvaluationRow)))
