"""The prompts stage: a table and its numbers, or a line that says what is missing."""

import json
from pathlib import Path

import pytest

from gie.errors import InputError
from pipeline.parquet import read_rows
from pipeline.prompts import run
from pipeline.tables import Prompt
from tests.support.project import project_recipe


def test_numbers_stand_beside_the_table(tmp_path: Path) -> None:
    """How many prompts of which kind."""
    recipe, paths = project_recipe(tmp_path)
    run(recipe, paths)
    metrics = json.loads(paths.prompt_metrics.read_text())
    assert metrics["prompts"] == len(read_rows(paths.prompts, Prompt)) == 6
    assert metrics["kinds"] == {"explicit": 2, "synonym": 1, "implicit": 1, "pair": 1, "benign": 1}


@pytest.mark.parametrize(
    ("content", "said_so"), [(None, "got no file at"), ("{}", "expected a vocabulary"), ("[", "expected a vocabulary")]
)
def test_a_vocabulary_that_is_none_is_refused(tmp_path: Path, content: str | None, said_so: str) -> None:
    """Missing, of another form, no JSON."""
    recipe, paths = project_recipe(tmp_path)
    if content is not None:
        (tmp_path / "words.json").write_text(content)
    settings = recipe.prompts.model_copy(update={"vocabulary": "words.json"})
    with pytest.raises(InputError, match=said_so):
        run(recipe.model_copy(update={"prompts": settings}), paths)
