"""docs/recipes.md: every recipe on the page is one, and comes to what the page says."""

import re
from pathlib import Path

import pytest
import yaml

from pipeline.settings import read_recipe

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "recipes.md").read_text("utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_is_a_recipe_where_the_page_says(tmp_path: Path, block: str) -> None:
    """Put below the others in params.yaml, whose anchors it may use."""
    file = tmp_path / "params.yaml"
    file.write_text(f"{(ROOT / 'params.yaml').read_text('utf-8')}\n{block}")
    [name] = re.findall(r"^  ([\w-]+):$", block, re.MULTILINE)
    assert read_recipe(name, file).concept == yaml.safe_load(file.read_text())["recipes"][name]["concept"]


def test_there_are_four() -> None:
    """An object, nudity, a style, a model with joint attention."""
    assert len(BLOCKS) == 4


@pytest.mark.parametrize(
    ("recipe", "prompts", "pictures"), re.findall(r"^\| `([\w-]+)`.*?\| (\d+) prompts x 16 = (\d+)", PAGE, re.MULTILINE)
)
def test_the_table_counts_right(tmp_path: Path, recipe: str, prompts: str, pictures: str) -> None:
    """Prompts of all splits, times the scales with w = 0."""
    file = tmp_path / "params.yaml"
    file.write_text("\n".join([(ROOT / "params.yaml").read_text("utf-8"), *BLOCKS]))
    settings = read_recipe(recipe, file)
    count = sum(sum(kinds.values()) for kinds in settings.prompts.counts.values())
    assert (count, count * len(settings.sweep.ladder)) == (int(prompts), int(pictures))
