"""The model families that `inhibit` works with, each a small record; nothing else in `gie` knows one family from another.

All of them are UNets with cross-attention to one text. What differs is which pipelines drive them, how many text encoders make
that text, and where its pooled [EOT] is read.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Family:
    """What tells a family, and what is known of it."""

    name: str
    pipelines: tuple[str, ...]
    """Names of diffusers' classes whose way of calling the UNet the tests cover: the allow-list."""
    addition_embed_type: str | None
    """The entry of the UNet's config that tells the family: what it is conditioned on beside the text."""
    encoders: tuple[tuple[str, str], ...]
    """Tokenizer and text encoder, by the pipeline's names for them, in the order their states are put side by side."""
    pooled: int | None
    """Where `encode_prompt` returns the pooled [EOT]; None: it is the state at [EOT] of the embedding itself."""


STABLE_DIFFUSION = Family(
    name="Stable Diffusion 1 or 2",
    pipelines=(
        "StableDiffusionPipeline",
        "StableDiffusionImg2ImgPipeline",
        "StableDiffusionInpaintPipeline",
        "StableDiffusionControlNetPipeline",
        "StableDiffusionControlNetImg2ImgPipeline",
        "StableDiffusionControlNetInpaintPipeline",
        "StableDiffusionPAGPipeline",
        "StableDiffusionPAGImg2ImgPipeline",
        "StableDiffusionPAGInpaintPipeline",
        "StableDiffusionControlNetPAGPipeline",
        "StableDiffusionControlNetPAGInpaintPipeline",
        "LatentConsistencyModelPipeline",
        "LatentConsistencyModelImg2ImgPipeline",
    ),
    addition_embed_type=None,
    encoders=(("tokenizer", "text_encoder"),),
    pooled=None,
)

STABLE_DIFFUSION_XL = Family(
    name="Stable Diffusion XL",
    pipelines=(
        "StableDiffusionXLPipeline",
        "StableDiffusionXLImg2ImgPipeline",
        "StableDiffusionXLInpaintPipeline",
        "StableDiffusionXLControlNetPipeline",
        "StableDiffusionXLControlNetImg2ImgPipeline",
        "StableDiffusionXLControlNetInpaintPipeline",
        "StableDiffusionXLPAGPipeline",
        "StableDiffusionXLPAGImg2ImgPipeline",
        "StableDiffusionXLPAGInpaintPipeline",
        "StableDiffusionXLControlNetPAGPipeline",
        "StableDiffusionXLControlNetPAGImg2ImgPipeline",
    ),
    addition_embed_type="text_time",
    encoders=(("tokenizer", "text_encoder"), ("tokenizer_2", "text_encoder_2")),
    pooled=2,
)

FAMILIES = (STABLE_DIFFUSION, STABLE_DIFFUSION_XL)
