"""`gie prompts` against a real language model on this machine: the road works, however little the model knows."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.parquet import read_rows
from pipeline.paths import Paths
from pipeline.tables import Prompt
from tests.support.project import NAME, gie, recipe_content, write_project
from tests.support.small_llm import running_small_llm


@pytest.mark.slow
def test_a_real_model_writes_prompts(tmp_path: Path) -> None:
    """All that were asked for come, of their kind and all different, though much of what it says is dropped; again, it is not asked."""
    content: dict[str, Any] = recipe_content() | {"concept": "dog", "synonyms": []}
    with running_small_llm() as base_url:
        content["prompts"] = {
            "provider": "openai", "model": "smollm2", "answers_as": "*", "base_url": base_url,
            "counts": {"train": {"explicit": 2}, "val": {"explicit": 1}},
        }  # fmt: skip
        write_project(tmp_path, content)
        result = gie(tmp_path, "prompts", NAME)
        assert result.exit_code == 0, result.output
        paths = Paths(tmp_path, NAME)
        first = paths.prompts.read_bytes()
        assert gie(tmp_path, "prompts", NAME).exit_code == 0
        assert paths.prompts.read_bytes() == first
    prompts = read_rows(paths.prompts, Prompt)
    assert sorted((prompt.split, prompt.word) for prompt in prompts) == [
        ("train", "dog"),
        ("train", "dog"),
        ("val", "dog"),
    ]
    assert all("dog" in prompt.prompt.lower() for prompt in prompts)
    assert len({prompt.wording for prompt in prompts}) == 3
    assert json.loads(paths.prompt_metrics.read_text())["answers"]["ok"] >= 2
