"""Every pipeline on the allow-list: each is inhibited literally, w = 0 is plain bit for bit, and nothing is left behind."""

from typing import Any

import pytest
import torch

from gie import Concept, inhibit
from gie.families import STABLE_DIFFUSION, STABLE_DIFFUSION_XL
from tests.support.adapters import tiny_adapter
from tests.support.families import PICTURE, Model, asks_of, tiny_of
from tests.support.literal import draw_literally
from tests.support.tiny import seeds

PROMPTS = ["a cat", "a dog"]
NEAR = {"sd1": 2e-3, "sd2": 2e-3, "xl": 2e-2, "ssd": 2e-2, "lcm": 2e-3, "turbo": 2e-3}
"""Latents are up to 60 large, and rounding grows through XL's 70 layers: a ten-thousandth of an image's size."""

KINDS: list[tuple[Model, str]] = [
    *(("lcm" if "Consistency" in kind else "sd1", kind) for kind in STABLE_DIFFUSION.pipelines),
    *(("xl", kind) for kind in STABLE_DIFFUSION_XL.pipelines),
    ("sd2", "StableDiffusionPipeline"),
    ("sd2", "StableDiffusionInpaintPipeline"),
    ("ssd", "StableDiffusionXLPipeline"),
    ("lcm", "StableDiffusionPipeline"),
    ("turbo", "StableDiffusionPipeline"),
]  # fmt: skip


def steps_of(kind: str, model: Model) -> dict[str, Any]:
    """Few steps; image-to-image takes half of them; a Turbo takes one, unguided."""
    if model == "turbo":
        return {"num_inference_steps": 1, "guidance_scale": 0.0}
    return {"num_inference_steps": 4 if "Img2Img" in kind else 2}


@pytest.mark.parametrize(("model", "kind"), KINDS, ids=lambda value: value.removesuffix("Pipeline"))
def test_every_pipeline_is_inhibited_literally(model: Model, kind: str) -> None:
    """Scales of 0 and -7 beside each other: the first image is plain, the second literal, and the third is as before."""
    pipe = tiny_of(model, kind=kind)
    call = {**asks_of(kind), **steps_of(kind, model)}

    def draw() -> torch.Tensor:
        return pipe(PROMPTS, generator=seeds(0, 1), output_type="latent", **call).images

    plain, before = draw(), pipe.unet.attn_processors
    with inhibit(pipe, Concept("cat", scale=[0.0, -7.0])) as run:
        got = draw()
    assert pipe.unet.attn_processors == before
    assert torch.equal(draw(), plain)
    want = draw_literally(pipe, {"cat": [0.0, -7.0]}, PROMPTS, generator=seeds(0, 1), **call)
    assert torch.equal(got[0], plain[0])
    torch.testing.assert_close(got, want, atol=NEAR[model], rtol=0)
    assert (got[1] - plain[1]).abs().max() > 10 * NEAR[model]
    assert run.scales.tolist() == [[0.0], [-7.0]]


@pytest.mark.parametrize(
    ("model", "kind"), [("sd1", "StableDiffusionControlNetPipeline"), ("xl", "StableDiffusionXLControlNetPipeline")]
)
def test_an_adapter_under_control(model: Model, kind: str) -> None:
    """The adapter's extra forward takes the conditional rows of ControlNet's residuals too; another picture, other scales."""
    pipe, scales = tiny_of(model, kind=kind), list[torch.Tensor]()
    for image in (PICTURE, 1 - PICTURE):
        call: dict[str, Any] = {"num_inference_steps": 1, "output_type": "latent", "image": image}
        with inhibit(pipe, tiny_adapter(pipe, injected=(1.0,)), outside="go_on") as run:
            pipe(PROMPTS, generator=seeds(0, 1), **call)
        scales.append(run.scales)
    assert scales[0].shape == (2, 1)
    assert not torch.equal(scales[0], scales[1])
