"""The test prompts drawn with the adapter, on the tiny pipeline."""

from pathlib import Path
from typing import Any

import pytest
import torch

from gie.adapter import Adapter
from gie.adapter_config import AdapterConfig, ScaleRange
from pipeline import adapted, workers
from pipeline.drawing import observe
from pipeline.paths import Paths
from pipeline.settings import Recipe, read_recipe
from pipeline.tables import SweepImage
from tests.support.evaluation import make_prompts

RECIPE = read_recipe("emoji-airplane", Path(__file__).parents[2] / "params.yaml")
QUICK = RECIPE.model_copy(update={"sweep": RECIPE.sweep.model_copy(update={"steps": 2, "batch_size": 2})})
PROMPTS = make_prompts({"test": 1})[:3]


@pytest.fixture
def paths(tmp_path: Path, pipe: Any, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """A project with an adapter for the tiny pipeline, which stands for the recipe's model."""
    paths = Paths(tmp_path, RECIPE.name)
    save_adapter(paths, pipe, seed=0)

    def opened(recipe: Recipe, paths: Paths) -> Any:
        del recipe, paths
        return pipe

    monkeypatch.setattr(workers, "open_pipeline", opened)
    return paths


def save_adapter(paths: Paths, pipe: Any, *, seed: int) -> None:
    """Random weights, whose scales differ from prompt to prompt."""
    torch.manual_seed(seed)
    config = AdapterConfig(
        concept="airplane",
        synonyms=(),
        slots="concept",
        scales=ScaleRange(smallest=-15, step=1),
        injected=(1.0,),
        first_step="inhibited",
        recipe_hash="none",
        transform="bounded",
        **observe(QUICK, pipe).model_dump(),
    )
    Adapter(config).save_pretrained(paths.adapter_folder)


def drawn(paths: Paths) -> list[SweepImage]:
    """The pictures of all prompts."""
    return list(adapted.draw_adapted(QUICK, paths, PROMPTS))


def test_every_prompt_gets_a_picture_with_the_scale_that_was_inferred(paths: Paths) -> None:
    """In the range of the adapter, and not a constant's."""
    pictures = drawn(paths)
    assert [picture.prompt_id for picture in pictures] == [prompt.prompt_id for prompt in PROMPTS]
    assert all(-15 <= picture.scale <= 0 for picture in pictures)
    assert len({picture.scale for picture in pictures}) == len(PROMPTS)


def test_a_repeated_evaluation_renders_nothing(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger has the batches, and gives back the very same bytes."""
    first = drawn(paths)
    monkeypatch.setattr(adapted, "draw_batch", lambda *_, **__: pytest.fail("rendered again"))
    assert drawn(paths) == first


def test_another_adapter_never_meets_the_pictures_of_the_last(paths: Paths, pipe: Any) -> None:
    """The key holds the adapter's weights."""
    first = drawn(paths)
    save_adapter(paths, pipe, seed=1)
    assert [picture.scale for picture in drawn(paths)] != [picture.scale for picture in first]
