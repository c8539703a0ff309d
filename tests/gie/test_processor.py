"""Inhibited processors inside a real UNet, over whole generations, held against the literal one."""

from typing import Any

import pytest
import torch
from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    HeunDiscreteScheduler,
    PNDMScheduler,
    StableDiffusionPipeline,
)
from diffusers.models.attention_processor import (
    AttnProcessor,
    AttnProcessor2_0,
    FusedAttnProcessor2_0,
    SlicedAttnProcessor,
)
from torch import Tensor
from transformers import CLIPTextModel

from gie import Concept, InputError, inhibit
from tests.support.literal import draw_literally
from tests.support.tiny import seeds

NEAR = 2e-3
"""Latents are about 10 to 20 large; fp32 sums in another order differ by 1e-5 of that after a few steps."""
FAR = 0.1
"""An inhibited picture of w = -7 is at least this far from the plain one: the control that something was injected."""


def plain(pipe: Any, *args: Any, **sampling: Any) -> Tensor:
    """Latents of the model as it is."""
    return pipe(*args, output_type="latent", **sampling).images


def inhibited(pipe: Any, concepts: dict[str, Any], *args: Any, **sampling: Any) -> Tensor:
    """Latents with the concepts inhibited; all of them act."""
    with inhibit(pipe, *(Concept(text, scale=w) for text, w in concepts.items()), threshold=0.0):
        return plain(pipe, *args, **sampling)


def assert_literal(pipe: Any, concepts: dict[str, Any], prompts: list[str], **sampling: Any) -> None:
    """Equal to the literal method, and far from the plain model."""
    count = len(prompts) * sampling.get("num_images_per_prompt", 1)
    call: dict[str, Any] = {"num_inference_steps": 2, **sampling}
    got = inhibited(pipe, concepts, prompts, generator=seeds(*range(count)), **call)
    want = draw_literally(pipe, concepts, prompts, generator=seeds(*range(count)), **call)
    torch.testing.assert_close(got, want, atol=NEAR, rtol=0)
    without = plain(pipe, prompts, generator=seeds(*range(count)), **call)
    assert ((got - without).abs().amax(dim=(1, 2, 3)) > FAR).all()


@pytest.mark.parametrize(
    "scheduler",
    [DDIMScheduler, PNDMScheduler, HeunDiscreteScheduler, EulerDiscreteScheduler, EulerAncestralDiscreteScheduler,
     DPMSolverMultistepScheduler],
)  # fmt: skip
def test_a_whole_generation_is_literal(pipe: StableDiffusionPipeline, scheduler: Any) -> None:
    """With any scheduler, those that repeat timesteps among them, every step is what Eq. 5 to 8 say."""
    pipe.scheduler = scheduler.from_config(pipe.scheduler.config, skip_prk_steps=True)  # as Stable Diffusion's PNDM
    assert_literal(pipe, {"cat": [-7.0, -3.0]}, ["a photo of a cat", "a dog"], num_inference_steps=3)


@pytest.mark.parametrize(
    "prompt",
    [
        "cat cat the cat",
        "a  cat   on the  car",
        "a cat\non\n\nthe car",
        "ein Kätzchen 猫 🐈",
        "",
        "a photo of the red cat " * 6,
    ],
    ids=["repeated", "spaces", "newlines", "unicode", "empty", "too-long"],
)
def test_any_prompt_is_inhibited(pipe: StableDiffusionPipeline, prompt: str) -> None:
    """The concept acts whatever the prompt looks like: it is not looked for in it."""
    assert_literal(pipe, {"cat": [-7.0]}, [prompt])


def test_a_concept_of_several_tokens(pipe: StableDiffusionPipeline) -> None:
    """All own tokens are injected, also of words spelled in pieces."""
    assert_literal(pipe, {"the red zebra": [-7.0]}, ["a zebra"])


def test_several_concepts(pipe: StableDiffusionPipeline) -> None:
    """Concepts of different lengths act together."""
    assert_literal(pipe, {"cat": [-7.0, -1.0], "red car": [-2.0, -9.0]}, ["a cat", "a car"])


def test_several_concepts_in_one_image(pipe: StableDiffusionPipeline) -> None:
    """There they share one attention."""
    assert_literal(pipe, {"cat": [-7.0], "red car": [-2.0], "airplane": [1.0]}, ["a cat"])


def test_without_guidance_all_rows_are_conditional(pipe: StableDiffusionPipeline) -> None:
    """Two plain images are two rows, as one guided image is: both are inhibited."""
    assert_literal(pipe, {"cat": [-7.0, -7.0]}, ["a cat", "a cat"], guidance_scale=1.0)


def test_scales_follow_images_of_one_prompt(pipe: StableDiffusionPipeline) -> None:
    """With several images a prompt, scales are prompt-major, as diffusers' rows are."""
    assert_literal(pipe, {"cat": [-7.0, -2.0, -9.0, -4.0]}, ["a cat", "a dog"], num_images_per_prompt=2)


def test_guidance_switched_off_on_the_way(pipe: StableDiffusionPipeline) -> None:
    """A callback may end guidance: the rows halve, and the same images go on being inhibited."""

    def end_guidance(pipe: Any, step: int, _timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        if step == 0:
            pipe._guidance_scale = 0.0
            tensors["prompt_embeds"] = tensors["prompt_embeds"].chunk(2)[-1]
        return tensors

    callback = {"callback_on_step_end": end_guidance, "callback_on_step_end_tensor_inputs": ["prompt_embeds"]}
    assert_literal(pipe, {"cat": [-7.0, -3.0]}, ["a cat", "a dog"], **callback)


def test_concepts_are_encoded_with_the_calls_clip_skip(
    pipe: StableDiffusionPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The concept's embedding skips the layers that the prompt's skips."""
    # diffusers 0.42 reads an attribute that transformers 5 folded into the model itself.
    monkeypatch.setattr(CLIPTextModel, "text_model", property(lambda self: self), raising=False)
    assert_literal(pipe, {"cat": [-7.0]}, ["a dog"], clip_skip=1)


@pytest.mark.parametrize(
    "processor", [AttnProcessor2_0(), AttnProcessor(), SlicedAttnProcessor(3)], ids=lambda p: type(p).__name__
)
def test_zero_is_the_plain_model_bit_for_bit(pipe: StableDiffusionPipeline, processor: Any) -> None:
    """w = 0 changes no bit of any step, also with w = -7 beside it in the batch, by each arithmetic that is kept."""
    pipe.unet.set_attn_processor(processor)
    call: dict[str, Any] = {"num_inference_steps": 2}
    without = plain(pipe, ["a cat", "a dog"], generator=seeds(0, 1), **call)
    zero = inhibited(pipe, {"cat": 0.0}, ["a cat", "a dog"], generator=seeds(0, 1), **call)
    mixed = inhibited(pipe, {"cat": [0.0, -7.0]}, ["a cat", "a dog"], generator=seeds(0, 1), **call)
    assert torch.equal(zero, without)
    assert torch.equal(mixed[0], without[0])
    assert (mixed[1] - without[1]).abs().max() > FAR


@pytest.mark.parametrize("processor", [AttnProcessor(), SlicedAttnProcessor(3)], ids=lambda p: type(p).__name__)
def test_other_arithmetics_inhibit_alike(pipe: StableDiffusionPipeline, processor: Any) -> None:
    """A model with plain or sliced attention is inhibited as one with scaled dot product attention."""
    want = inhibited(pipe, {"cat": -7.0}, ["a cat"], generator=seeds(0), num_inference_steps=2)
    pipe.unet.set_attn_processor(processor)
    got = inhibited(pipe, {"cat": -7.0}, ["a cat"], generator=seeds(0), num_inference_steps=2)
    torch.testing.assert_close(got, want, atol=NEAR, rtol=0)


def test_half_precision_stays_near(pipe: StableDiffusionPipeline) -> None:
    """In bfloat16 the inhibited step is the float32 one within that format's precision."""
    want = inhibited(pipe, {"cat": -7.0}, ["a cat"], generator=seeds(0), num_inference_steps=1)
    try:
        pipe.to(dtype=torch.bfloat16)
        got = inhibited(pipe, {"cat": -7.0}, ["a cat"], generator=seeds(0), num_inference_steps=1)
        without = plain(pipe, ["a cat"], generator=seeds(0), num_inference_steps=1)
        zero = inhibited(pipe, {"cat": 0.0}, ["a cat"], generator=seeds(0), num_inference_steps=1)
    finally:
        pipe.to(dtype=torch.float32)
    assert got.dtype == torch.bfloat16
    assert torch.equal(zero, without)
    assert (got.float() - want).norm() < 0.1 * want.norm()


def test_a_neighbour_changes_little(pipe: StableDiffusionPipeline) -> None:
    """An image alone and the same image in a batch differ by rounding only."""
    call: dict[str, Any] = {"num_inference_steps": 2}
    alone = inhibited(pipe, {"cat": [-7.0]}, ["a cat"], generator=seeds(0), **call)
    beside = inhibited(pipe, {"cat": [-7.0, -15.0]}, ["a cat", "a dog"], generator=seeds(0, 1), **call)
    torch.testing.assert_close(beside[:1], alone, atol=NEAR, rtol=0)


class ActsInside(torch.nn.Module):
    """A projection with a low-rank part that is scaled only while the UNet runs, as a LoRA's is."""

    def __init__(self, base: torch.nn.Linear) -> None:
        super().__init__()
        self.base = base
        self.scale = 0.0

    def forward(self, states: Tensor) -> Tensor:
        """Base and low-rank part."""
        return self.base(states) + self.scale * states.mean(dim=-1, keepdim=True)


def test_a_lora_acts_on_the_concept_too(pipe: StableDiffusionPipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """K* and V* go through the layer's own projections inside the forward, where a LoRA's scale acts."""
    attn = pipe.unet.mid_block.attentions[0].transformer_blocks[0].attn2
    lora = ActsInside(attn.to_v)
    monkeypatch.setitem(attn._modules, "to_v", lora)
    before = pipe.unet.register_forward_pre_hook(lambda *_: setattr(lora, "scale", 3.0))
    after = pipe.unet.register_forward_hook(lambda *_: setattr(lora, "scale", 0.0))
    try:
        assert_literal(pipe, {"cat": [-7.0]}, ["a cat"])
    finally:
        before.remove()
        after.remove()


def test_unknown_arithmetic_is_refused(pipe: StableDiffusionPipeline) -> None:
    """A processor whose arithmetic is not known is refused by name, and nothing is left half installed."""
    attn = pipe.unet.mid_block.attentions[0].transformer_blocks[0].attn2
    attn.set_processor(FusedAttnProcessor2_0())
    before = pipe.unet.attn_processors
    with pytest.raises(InputError, match="got FusedAttnProcessor2_0"), inhibit(pipe, Concept("cat", scale=-7.0)):
        pytest.fail("the block began")
    assert pipe.unet.attn_processors == before
