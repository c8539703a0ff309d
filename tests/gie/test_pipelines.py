"""The other pipelines of Stable Diffusion 1: each is inhibited literally, and w = 0 is plain bit for bit."""

from typing import Any

import pytest
import torch
from diffusers import (
    ControlNetModel,
    StableDiffusionControlNetPipeline,
    StableDiffusionImg2ImgPipeline,
    StableDiffusionInpaintPipeline,
    StableDiffusionPipeline,
)

from gie import Concept, inhibit
from tests.support.adapters import tiny_adapter
from tests.support.literal import draw_literally
from tests.support.tiny import seeds

PICTURE = torch.linspace(0, 1, 3 * 64 * 64).reshape(1, 3, 64, 64)
PROMPTS = ["a cat", "a dog"]


def image_to_image(pipe: Any) -> tuple[Any, dict[str, Any]]:
    """Begins in the middle of the timesteps."""
    return StableDiffusionImg2ImgPipeline(**pipe.components, requires_safety_checker=False), {
        "image": PICTURE,
        "strength": 0.5,
    }


def inpaint(pipe: Any) -> tuple[Any, dict[str, Any]]:
    """Repaints the lower half."""
    mask = (torch.arange(64) > 32).float().reshape(1, 1, 64, 1).expand(1, 1, 64, 64)
    call = {"image": PICTURE, "mask_image": mask, "height": 64, "width": 64}
    return StableDiffusionInpaintPipeline(**pipe.components, requires_safety_checker=False), call


def control_net(pipe: Any) -> tuple[Any, dict[str, Any]]:
    """Adds residuals to the UNet's call, one a row."""
    torch.manual_seed(4)
    net = ControlNetModel.from_unet(pipe.unet)
    for parameter in [*net.controlnet_down_blocks.parameters(), *net.controlnet_cond_embedding.conv_out.parameters()]:
        torch.nn.init.normal_(parameter, std=0.2)  # they begin at 0, which would add nothing
    other = StableDiffusionControlNetPipeline(**pipe.components, controlnet=net, requires_safety_checker=False)
    return other, {"image": PICTURE}


@pytest.mark.parametrize("build", [image_to_image, inpaint, control_net])
def test_other_pipelines_are_inhibited_literally(pipe: StableDiffusionPipeline, build: Any) -> None:
    """Scales of 0 and -7 beside each other: the first image is plain, the second literal."""
    other, call = build(pipe)
    other.set_progress_bar_config(disable=True)
    call = {**call, "num_inference_steps": 4}

    def draw() -> torch.Tensor:
        return other(PROMPTS, generator=seeds(0, 1), output_type="latent", **call).images

    plain = draw()
    with inhibit(other, Concept("cat", scale=[0.0, -7.0])):
        got = draw()
    want = draw_literally(other, {"cat": [0.0, -7.0]}, PROMPTS, generator=seeds(0, 1), **call)
    assert torch.equal(got[0], plain[0])
    torch.testing.assert_close(got, want, atol=2e-3, rtol=0)
    assert (got[1] - plain[1]).abs().max() > 0.1


def test_an_adapter_under_control(pipe: StableDiffusionPipeline) -> None:
    """The adapter's extra forward takes the conditional rows of ControlNet's residuals too; another picture, other scales."""
    other, call = control_net(pipe)
    other.set_progress_bar_config(disable=True)
    scales: list[torch.Tensor] = []
    for image in (PICTURE, 1 - PICTURE):
        with inhibit(other, tiny_adapter(pipe, injected=1.0), outside="go_on") as run:
            other(
                PROMPTS, generator=seeds(0, 1), num_inference_steps=1, output_type="latent", **{**call, "image": image}
            )
        scales.append(run.scales)
    assert scales[0].shape == (2, 1)
    assert not torch.equal(scales[0], scales[1])
