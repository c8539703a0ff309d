"""The writer against a real language model on this machine: the road works, however little the model knows."""

import asyncio

import pytest

from pipeline.settings import PromptSettings, read_recipe
from pipeline.writers.openai import Author
from tests.support.project import ROOT
from tests.support.small_llm import PlainAsker, running_small_llm


@pytest.mark.slow
def test_a_real_model_writes_prompts() -> None:
    """All that were asked for come, of their kind and all different, though most of what it says is dropped."""
    settings = PromptSettings.model_validate(
        {"provider": "openai", "model": "smollm2", "counts": {"train": {"explicit": 2}, "val": {"explicit": 1}}}
    )
    recipe = read_recipe("emoji-cat", ROOT / "params.yaml").model_copy(update={"prompts": settings, "concept": "dog"})
    with running_small_llm() as base_url:
        author = Author(recipe, PlainAsker(base_url))
        prompts = asyncio.run(author.write())
    assert [(prompt.split, prompt.word) for prompt in prompts] == [("train", "dog"), ("train", "dog"), ("val", "dog")]
    assert all(prompt.word in prompt.prompt.lower() for prompt in prompts)
    assert len({prompt.wording for prompt in prompts}) == 3
    assert author.outcomes["ok"] >= 2
