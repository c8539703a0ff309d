"""How a recipe's model is asked: the conditions that are recorded, and the schedulers that fit."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers.models.attention_processor import AttnProcessor, AttnProcessor2_0

from gie.concept import Concept
from gie.errors import InputError
from gie.inhibiting import inhibit
from gie.support import denoiser_of
from pipeline.drawing import generators, observe, open_pipeline, sampling, set_scheduler
from pipeline.paths import Paths
from pipeline.settings import ModelSettings, Recipe
from tests.support.families import tiny_of
from tests.support.joint import tiny_joint
from tests.support.project import NAME, recipe_content

FAMILIES: dict[str, Callable[[], Any]] = {
    "sd2": lambda: tiny_of("sd2"),
    "xl": lambda: tiny_of("xl"),
    "lcm": lambda: tiny_of("lcm"),
    "sd3": lambda: tiny_joint("sd3"),
    "sd35": lambda: tiny_joint("sd35"),
    "flux": lambda: tiny_joint("flux"),
    "schnell": lambda: tiny_joint("schnell"),
}
GUIDANCE = {"lcm": 0.5, "flux": 0.5, "sd2": 1.0, "xl": 1.0, "sd3": 1.0, "sd35": 1.0, "schnell": 1.0}
"""What 0.5 is recorded as: 1 where guidance is off, as it is where the model does not read it itself."""


def recipe_with(**sweep: Any) -> Recipe:
    """The small recipe with other entries in its sweep."""
    content = recipe_content()
    content["sweep"] |= sweep
    return Recipe.model_validate({**content, "name": NAME})


@pytest.mark.parametrize("family", FAMILIES)
def test_conditions_are_those_of_a_generation(family: str) -> None:
    """Of the sweep's very call, which is left before the model has run; the pipeline is as before."""
    pipe = FAMILIES[family]()
    denoiser, calls = denoiser_of(pipe), list[int]()
    recipe = recipe_with(guidance=0.5, steps=3, max_sequence_length=24 if "transformer" in pipe.components else None)
    counter = denoiser.time_text_embed if hasattr(denoiser, "time_text_embed") else denoiser.time_embedding
    hook = counter.register_forward_hook(lambda *_: calls.append(1))
    processors = dict(denoiser.attn_processors)
    observed = observe(recipe, pipe)
    assert calls == []
    assert denoiser.attn_processors == processors
    assert len(denoiser._forward_pre_hooks) == 0
    with inhibit(pipe, Concept("cat", scale=0.0)) as run:
        pipe("a dog", generator=generators([1]), output_type="latent", **sampling(recipe.sweep))
    hook.remove()
    assert calls == [1] * 3
    assert observed.sampling == run.conditions
    assert observed.layers == run.layers
    assert observed.sampling.guidance == GUIDANCE[family]
    assert observed.sampling.max_sequence_length == recipe.sweep.max_sequence_length


def test_a_length_of_the_text_is_for_those_who_can_choose_it(tmp_path: Path, model: Path) -> None:
    """Stable Diffusion 1 cannot: refused with the key, before anything is drawn."""
    recipe = recipe_with(max_sequence_length=256)
    recipe = recipe.model_copy(update={"model": ModelSettings(id=str(model))})
    with pytest.raises(
        InputError, match=r"sweep\.max_sequence_length: expected none for StableDiffusionPipeline.*got 256"
    ):
        open_pipeline(recipe, Paths(tmp_path, NAME))


@pytest.mark.parametrize(
    ("side", "dtype", "attention"), [(128, "float32", AttnProcessor), (136, "float32", AttnProcessor2_0), (128, "bfloat16", AttnProcessor2_0)]
)  # fmt: skip
def test_small_pictures_are_drawn_with_whole_maps(
    tmp_path: Path, model: Path, side: int, dtype: str, attention: type
) -> None:
    """On a CPU in full precision; a w of 0 there is the plain model of that arithmetic, bit for bit."""
    settings = ModelSettings.model_validate({"id": str(model), "dtype": dtype, "device": "cpu"})
    recipe = recipe_with(height=side, width=64).model_copy(update={"model": settings})
    pipe = open_pipeline(recipe, Paths(tmp_path, NAME))
    assert {type(layer) for layer in pipe.unet.attn_processors.values()} == {attention}

    def draw() -> Any:
        return pipe("a cat", generator=generators([1]), output_type="latent", **sampling(recipe.sweep)).images

    plain = draw()
    with inhibit(pipe, Concept("cat", scale=0.0)):
        assert torch.equal(draw(), plain)


def test_a_concept_that_does_not_fit_is_refused_before_anything_is_drawn() -> None:
    """The sweep's first question to the model."""
    recipe = recipe_with().model_copy(update={"concept": "cat " * 30})
    with pytest.raises(InputError, match="1 to 18 tokens, got 30"):
        observe(recipe, tiny_joint("sd3"))


@pytest.mark.parametrize("name", ["FlowMatchEulerDiscrete", "FlowMatchHeunDiscrete", "FlowMatchLCM"])
@pytest.mark.parametrize("model", ["sd3", "sd35", "flux", "schnell"])
def test_flow_matching_schedulers_fit_flow_matching_models(model: Any, name: str) -> None:
    """Whole generations with each; the second order one takes what SD3 alone gives, and is refused by name elsewhere."""
    pipe, sweep = tiny_joint(model), recipe_with(steps=3).sweep
    shift = pipe.scheduler.config.shift
    if name == "FlowMatchHeunDiscrete" and model != "sd3":
        with pytest.raises(InputError, match=r"got 'FlowMatchHeunDiscrete'.*FlowMatchEulerDiscrete, FlowMatchLCM"):
            set_scheduler(pipe, name)
        return
    set_scheduler(pipe, name)
    with inhibit(pipe, Concept("cat", scale=-5.0)) as run:
        pipe("a dog", generator=generators([1]), output_type="latent", **sampling(sweep))
    assert run.conditions.scheduler == f"{name}Scheduler"
    assert pipe.scheduler.config.shift == shift


@pytest.mark.parametrize("model", ["sd3", "flux"])
def test_schedulers_of_noise_do_not_fit_them(model: Any) -> None:
    """What fits is named."""
    with pytest.raises(InputError, match=r"sweep.scheduler: .* got 'DPMSolverMultistep'; FlowMatchEulerDiscrete"):
        set_scheduler(tiny_joint(model), "DPMSolverMultistep")
