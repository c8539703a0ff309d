"""Generations of the real models' sizes, with random weights: what speed and memory are measured on.

The time that a layer takes does not depend on what its weights say. So the UNets and text encoders have the real
configurations of Stable Diffusion 1.5 and XL, and nothing is downloaded. The picture stays a latent: decoding it takes the same
time with and without inhibition, and would only make the ratios look better.
"""

import copy
import resource
from collections.abc import Generator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal, cast

import torch
from diffusers import EulerDiscreteScheduler, StableDiffusionPipeline, StableDiffusionXLPipeline, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from benchmarks.measuring import Stopwatch, Took
from gie import Concept, inhibit
from tests.support.literal import draw_literally
from tests.support.tiny import tiny_pipeline, tiny_tokenizer, tiny_vae

Variant = Literal["plain", "1 concept", "3 concepts", "literal"]
"""`literal`: one concept by an implementation that makes every attention map."""
CONTEXT = 77
"""Slots of both text encoders."""
CONCEPTS = ("cat", "car", "airplane")
SCALE = -7.0

UNETS: dict[str, dict[str, Any]] = {
    "sd15": {"sample_size": 64, "cross_attention_dim": 768},
    "sdxl": {
        "sample_size": 128,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        "block_out_channels": (320, 640, 1280),
        "transformer_layers_per_block": (1, 2, 10),
        "attention_head_dim": (5, 10, 20),
        "cross_attention_dim": 2048,
        "use_linear_projection": True,
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 256,
        "projection_class_embeddings_input_dim": 2816,
    },
}
CLIP_L = {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12}
CLIP_G = {"hidden_size": 1280, "intermediate_size": 5120, "num_hidden_layers": 32, "num_attention_heads": 20}


@dataclass(frozen=True)
class Case:
    """What is generated."""

    model: str
    """sd15, sdxl, or tiny: Stable Diffusion 1's topology, a hundredth as wide."""
    size_px: int
    batch: int
    steps: int

    @classmethod
    def read(cls, text: str) -> "Case":
        """`sd15:512:4:50` is four pictures of 512 x 512 pixels in 50 steps."""
        model, *numbers = text.split(":")
        size_px, batch, steps = map(int, numbers)
        return cls(model, size_px, batch, steps)


@dataclass(frozen=True)
class Generation:
    """How long one took."""

    first: Took
    """Up to the end of the first step: texts are encoded, the concepts' keys and values made."""
    later: Sequence[Took]
    """The other steps, one by one."""

    @property
    def whole(self) -> Took:
        """All of it, up to the latent."""
        return sum(self.later, self.first)


def open_random(model: str, *, device: torch.device, dtype: torch.dtype) -> Any:
    """A pipeline of that model's size, with random weights made in `dtype` on `device`."""
    if model == "tiny":
        pipe: Any = tiny_pipeline()
        pipe.register_modules(unet=copy.deepcopy(pipe.unet))  # the session's own is not moved or compiled
    else:
        pipe = _put_together(_random_parts(model, device=device, dtype=dtype))
    pipe.to(device, dtype)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def generate(pipe: Any, case: Case, variant: Variant) -> Generation:
    """One generation with guidance, each step timed."""
    watch = Stopwatch(pipe.device)

    def mark(*_: Any) -> dict[str, Any]:
        watch.mark()
        return {}

    asked: dict[str, Any] = {
        "num_inference_steps": case.steps,
        "height": case.size_px,
        "width": case.size_px,
        "generator": [torch.Generator("cpu").manual_seed(seed) for seed in range(case.batch)],
        "callback_on_step_end": mark,
    }
    prompts = ["a photo of a cat on the car"] * case.batch
    watch.mark()
    if variant == "literal":
        latents = draw_literally(pipe, {CONCEPTS[0]: [SCALE] * case.batch}, prompts, **asked)
    else:
        with inhibited(pipe, variant):
            latents = pipe(prompts, output_type="latent", **asked).images
    first, *later = watch.spans()
    assert torch.isfinite(latents).all()
    return Generation(first, later)


def inhibited(pipe: Any, variant: Variant) -> Any:
    """The variant's block; all its concepts act, however close random weights put them."""
    if variant == "plain":
        return nullcontext()
    texts = CONCEPTS[: 3 if variant == "3 concepts" else 1]
    return inhibit(pipe, *(Concept(text, scale=SCALE) for text in texts), threshold=0.0)


def peak_bytes(pipe: Any, case: Case, variant: Variant) -> int:
    """The most memory during a generation, weights included. On a CPU the process's own high-water mark, so one a process."""
    if pipe.device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(pipe.device)
        generate(pipe, case, variant)
        return torch.cuda.max_memory_allocated(pipe.device)
    generate(pipe, case, variant)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # KiB on Linux


def _random_parts(model: str, *, device: torch.device, dtype: torch.dtype) -> dict[str, Any]:
    """What has weights, but the VAE."""
    unet: Any = UNet2DConditionModel  # annotated for one way of saying each option
    torch.manual_seed(0)
    with torch.device(device), _default_dtype(dtype):
        parts = {"unet": unet(**UNETS[model]).eval(), "text_encoder": CLIPTextModel(_text_config(CLIP_L)).eval()}
        if model == "sdxl":
            second = _text_config(CLIP_G, hidden_act="gelu", projection_dim=1280)
            parts["text_encoder_2"] = CLIPTextModelWithProjection(second).eval()
    return parts


def _put_together(parts: dict[str, Any]) -> Any:
    # ids of the real vocabulary's size, from a tokenizer that knows a few words and spells the others
    tokenizer: Any = copy.deepcopy(tiny_tokenizer())
    tokenizer.model_max_length = CONTEXT
    parts |= {"tokenizer": tokenizer, "vae": copy.deepcopy(tiny_vae()), "scheduler": _scheduler()}
    if "text_encoder_2" in parts:
        return StableDiffusionXLPipeline(tokenizer_2=tokenizer, **parts)
    return StableDiffusionPipeline(
        safety_checker=cast("Any", None), feature_extractor=cast("Any", None), requires_safety_checker=False, **parts
    )


def _scheduler() -> Any:
    scheduler: Any = (
        EulerDiscreteScheduler  # DDIM's would read every timestep back from a GPU, and hide it where inhibition did
    )
    return scheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1)


def _text_config(sizes: dict[str, int], **options: Any) -> CLIPTextConfig:
    tokenizer: Any = tiny_tokenizer()
    special = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    return CLIPTextConfig(**sizes, **special, **options)


@contextmanager
def _default_dtype(dtype: torch.dtype) -> Generator[None]:
    """Inside, new tensors are of this type: 2.6 billion weights are never there in fp32 first."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)
