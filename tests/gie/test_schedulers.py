"""Every common scheduler, in every family: each step is what Eq. 5 to 8 say, also where a step calls the UNet twice."""

from typing import Any

import diffusers
import pytest
import torch

from gie import Concept, inhibit
from tests.support.families import Model, tiny_of
from tests.support.literal import draw_literally
from tests.support.tiny import seeds

PROMPTS = ["a photo of a cat", "a dog"]
NEAR = {"sd1": 2e-3, "sd2": 2e-3, "xl": 2e-2}
EVERY = (
    "DDIM", "DDPM", "DEISMultistep", "DPMSolverMultistep", "DPMSolverSinglestep", "DPMSolverSDE", "EulerDiscrete",
    "EulerAncestralDiscrete", "HeunDiscrete", "KDPM2Discrete", "KDPM2AncestralDiscrete", "LMSDiscrete", "PNDM", "UniPCMultistep",
)  # fmt: skip
OPTIONS: dict[str, dict[str, Any]] = {
    "PNDM": {"skip_prk_steps": True},  # as Stable Diffusion's
    "DPMSolverSDE": {"noise_sampler_seed": 0},
}
TWICE = {"HeunDiscrete", "KDPM2Discrete", "KDPM2AncestralDiscrete", "DPMSolverSDE"}
"""Two UNet calls a step, all but the last."""


@pytest.mark.filterwarnings(
    "ignore:__array_wrap__ must accept:DeprecationWarning"
)  # DEIS reads tensors with numpy 1's call
@pytest.mark.filterwarnings("ignore:Should have ta>=t0:UserWarning")  # torchsde's rounding of DPM SDE's times
@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("model", ["sd1", "sd2", "xl"])
def test_a_whole_generation_is_literal(model: Model, name: str) -> None:
    """The inhibited latents are the literal method's; half of the images keep w = 0 and the plain model's bits."""
    pipe, forwards = tiny_of(model), list[int]()
    kind = getattr(diffusers, f"{name}Scheduler")
    call: dict[str, Any] = {"num_inference_steps": 3, "output_type": "latent"}

    def draw() -> torch.Tensor:
        pipe.scheduler = kind.from_config(pipe.scheduler.config, **OPTIONS.get(name, {}))
        return pipe(PROMPTS, generator=seeds(0, 1), **call).images

    plain = draw()
    counter = pipe.unet.conv_in.register_forward_hook(lambda *_: forwards.append(1))
    with inhibit(pipe, Concept("cat", scale=[-5.0, 0.0])) as run:
        got = draw()
    counter.remove()
    pipe.scheduler = kind.from_config(pipe.scheduler.config, **OPTIONS.get(name, {}))
    want = draw_literally(pipe, {"cat": [-5.0, 0.0]}, PROMPTS, generator=seeds(0, 1), num_inference_steps=3)
    assert torch.equal(got[1], plain[1])
    torch.testing.assert_close(got, want, atol=NEAR[model] * max(1.0, float(want.abs().max()) / 20), rtol=0)
    assert (got[0] - plain[0]).abs().max() > 0.05
    assert len(forwards) == len(pipe.scheduler.timesteps) == (5 if name in TWICE else 4 if name == "PNDM" else 3)
    assert run.conditions.scheduler == kind.__name__


@pytest.mark.filterwarnings("ignore:__array_wrap__ must accept:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:Should have ta>=t0:UserWarning")
@pytest.mark.parametrize("name", EVERY)
def test_the_first_call_is_of_variance_one(name: str) -> None:
    """Whatever the scheduler's own sigmas are: so noise that all prompts share may stand in its place."""
    pipe, given = tiny_of("sd1"), list[torch.Tensor]()
    pipe.scheduler = getattr(diffusers, f"{name}Scheduler").from_config(pipe.scheduler.config, **OPTIONS.get(name, {}))
    counter = pipe.unet.conv_in.register_forward_pre_hook(lambda _, args: given.append(args[0]))
    pipe(PROMPTS * 4, generator=seeds(*range(8)), num_inference_steps=3, output_type="latent")
    counter.remove()
    assert given[0].std().item() == pytest.approx(1, abs=0.1)
