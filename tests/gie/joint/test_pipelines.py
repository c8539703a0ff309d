"""Every joint pipeline on the allow-list: each is inhibited literally, w = 0 is plain bit for bit, and nothing is left behind."""

from typing import Any

import pytest
import torch

from gie import Concept, inhibit
from gie.families import FLUX, STABLE_DIFFUSION_3
from tests.support.families import asks_of
from tests.support.joint import CALL, JointModel, tiny_joint
from tests.support.literal_joint import draw_joint_literally
from tests.support.tiny import seeds

PROMPTS = ["a cat", "a dog"]
NEAR = 1e-3
"""Latents are up to 50 large; fp32 sums in another order differ by far less after two steps."""
FAR = 0.2
"""An inhibited picture of w = -7 is at least this far from the plain one: the control that something was injected."""
MODELS: list[JointModel] = ["sd3", "sd35", "flux", "schnell"]
KINDS: list[tuple[JointModel, str]] = [
    *(("sd3", kind) for kind in STABLE_DIFFUSION_3.pipelines),
    *(("flux", kind) for kind in FLUX.pipelines),
    ("sd35", "StableDiffusion3Pipeline"),
    ("schnell", "FluxPipeline"),
]  # fmt: skip


def call_of(kind: str) -> dict[str, Any]:
    """Two steps; image-to-image takes half of those it is told."""
    call: dict[str, Any] = {
        **CALL,
        **asks_of(kind),
        "output_type": "latent",
        "num_inference_steps": 4 if "Img2Img" in kind else 2,
    }
    if kind == "StableDiffusion3Img2ImgPipeline":
        call["image"] = call["image"].expand(len(PROMPTS), -1, -1, -1)  # it wants a picture for each prompt
    return call | ({"strength": 0.6} if "image" in call else {})


def draw(pipe: Any, **changes: Any) -> torch.Tensor:
    """Latents of an image a prompt."""
    call = call_of(type(pipe).__name__) | changes
    count = len(PROMPTS) * call.get("num_images_per_prompt", 1)
    return pipe(PROMPTS, generator=seeds(*range(count)), **call).images


def assert_literal(pipe: Any, concepts: dict[str, Any], **changes: Any) -> None:
    """Equal to the literal method, and far from the plain model."""
    with inhibit(pipe, *(Concept(text, scale=w) for text, w in concepts.items()), threshold=0.0):
        got = draw(pipe, **changes)
    call = call_of(type(pipe).__name__) | changes
    noise = seeds(*range(len(got)))
    call.pop("output_type")
    want, _ = draw_joint_literally(pipe, concepts, PROMPTS, generator=noise, **call)
    torch.testing.assert_close(got, want, atol=NEAR, rtol=0)
    assert ((got - draw(pipe, **changes)).abs().flatten(1).amax(dim=1) > FAR).all()


@pytest.mark.parametrize(("model", "kind"), KINDS, ids=lambda value: value.removesuffix("Pipeline"))
def test_every_pipeline_is_inhibited_literally(model: JointModel, kind: str) -> None:
    """Scales of 0 and -7 beside each other: the first image is plain, the second literal, and the third is as before."""
    pipe = tiny_joint(model, kind=kind)
    plain, before = draw(pipe), pipe.transformer.attn_processors
    with inhibit(pipe, Concept("red kitten", scale=[0.0, -7.0])) as run:
        got = draw(pipe)
    assert pipe.transformer.attn_processors == before
    assert torch.equal(draw(pipe), plain)
    call = call_of(kind)
    call.pop("output_type")
    want, _ = draw_joint_literally(pipe, {"red kitten": [0.0, -7.0]}, PROMPTS, generator=seeds(0, 1), **call)
    assert torch.equal(got[0], plain[0])
    torch.testing.assert_close(got, want, atol=NEAR, rtol=0)
    assert (got[1] - plain[1]).abs().max() > FAR
    assert run.scales.tolist() == [[0.0], [-7.0]]


@pytest.mark.parametrize("model", ["sd3", "flux"])
def test_several_concepts(model: JointModel) -> None:
    """Each goes through the model for itself, and their terms add up."""
    assert_literal(tiny_joint(model), {"cat": [-7.0, -1.0], "red airplane": [-2.0, -9.0]})


@pytest.mark.parametrize("model", ["sd3", "flux"])
def test_scales_follow_images_of_one_prompt(model: JointModel) -> None:
    """With several images a prompt, scales are prompt-major, as diffusers' rows are."""
    assert_literal(tiny_joint(model), {"cat": [-7.0, -2.0, -9.0, -4.0]}, num_images_per_prompt=2)


def test_without_guidance_all_rows_are_conditional() -> None:
    """Two plain images are two rows, as one guided image is: both are inhibited."""
    assert_literal(tiny_joint("sd35"), {"cat": [-7.0, -7.0]}, guidance_scale=1.0)


@pytest.mark.parametrize("kind", FLUX.pipelines)
def test_a_negative_prompt_of_its_own_call_is_left_alone(kind: str) -> None:
    """With true_cfg_scale FLUX is called twice a step: the prompt's call is inhibited, the negative prompt's is plain."""
    pipe = tiny_joint("flux", kind=kind)
    negative: dict[str, Any] = {"negative_prompt": ["the car", "the car"], "true_cfg_scale": 3.0}
    assert (draw(pipe, **negative) - draw(pipe)).abs().max() > FAR, "the negative prompt does nothing"
    assert_literal(pipe, {"cat": [-7.0, -3.0]}, **negative)


@pytest.mark.parametrize("first_step", ["plain", "inhibited"])
def test_a_negative_call_is_no_step(first_step: Any) -> None:
    """The first step is the prompt's first call, and the second begins with the prompt's second one."""
    pipe, steps = tiny_joint("flux"), list[torch.Tensor]()

    def keep(_pipe: Any, _step: int, _timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        steps.append(tensors["latents"])
        return tensors

    call: dict[str, Any] = {
        "negative_prompt": ["the car", "the car"],
        "true_cfg_scale": 3.0,
        "callback_on_step_end": keep,
    }
    draw(pipe, **call)
    with inhibit(pipe, Concept("cat", scale=-7.0), first_step=first_step, capture=True) as run:
        draw(pipe, **call)
    assert torch.equal(steps[0], steps[2]) == (first_step == "plain")
    assert not torch.equal(steps[1], steps[3])
    assert run.features.shape == (2, 2, 5)
