"""The model families that `inhibit` works with, each a small record; nothing else in `gie` knows one family from another.

Two kinds of attention bring text and image together: UNets have cross-attention, in which the image reads a text that stays as it
is; the transformers of SD3 and FLUX have joint attention, in which both read both. What else differs is which pipelines drive them,
how many text encoders make the text, and where its pooled [EOT] is read.
"""

from dataclasses import dataclass
from typing import Literal

Denoiser = Literal["unet", "transformer"]
"""The pipeline's name for the network that is called in every step."""


@dataclass(frozen=True)
class Encoder:
    """One text encoder of a pipeline."""

    tokenizer: str
    """The pipeline's name for it."""
    model: str
    """The pipeline's name for it."""
    stretch: int | None = 0
    """Which stretch of the text's slots its states fill, those of one stretch side by side; None: only its pooled text is used."""
    before: int = 1
    """Special tokens before the text's own: CLIP's [SOT]; T5 has none. Behind them both have one."""


@dataclass(frozen=True)
class Family:
    """What tells a family, and what is known of it."""

    name: str
    pipelines: tuple[str, ...]
    """Names of diffusers' classes whose way of calling the denoiser the tests cover: the allow-list."""
    encoders: tuple[Encoder, ...]
    """In the order in which their states are put together."""
    pooled: int | None
    """Where `encode_prompt` returns the pooled [EOT]; None: it is the state at [EOT] of the embedding itself."""
    denoiser: Denoiser = "unet"
    model: str = "UNet2DConditionModel"
    """Name of the denoiser's class."""
    arguments: tuple[str, ...] = ("sample", "timestep", "encoder_hidden_states")
    """The denoiser's first arguments; the noisy latents come first."""
    addition_embed_type: str | None = None
    """The entry of a UNet's config that tells the family: what it is conditioned on beside the text."""
    timestep_unit: int = 1
    """How many of the scheduler's timesteps are one of the denoiser's."""
    separate_negative: bool = False
    """Whether the negative prompt has a call of its own in each step, the second one, instead of rows in the batch."""


CLIP = Encoder("tokenizer", "text_encoder")
CLIP_2 = Encoder("tokenizer_2", "text_encoder_2")
JOINT_ARGUMENTS = ("hidden_states", "encoder_hidden_states", "pooled_projections", "timestep")

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
    encoders=(CLIP,),
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
    encoders=(CLIP, CLIP_2),
    pooled=2,
)

STABLE_DIFFUSION_3 = Family(
    name="Stable Diffusion 3",
    pipelines=("StableDiffusion3Pipeline", "StableDiffusion3Img2ImgPipeline", "StableDiffusion3InpaintPipeline"),
    encoders=(CLIP, CLIP_2, Encoder("tokenizer_3", "text_encoder_3", stretch=1, before=0)),
    pooled=2,
    denoiser="transformer",
    model="SD3Transformer2DModel",
    arguments=JOINT_ARGUMENTS,
)

FLUX = Family(
    name="FLUX",
    pipelines=("FluxPipeline", "FluxImg2ImgPipeline", "FluxInpaintPipeline"),
    encoders=(
        Encoder("tokenizer", "text_encoder", stretch=None),
        Encoder("tokenizer_2", "text_encoder_2", before=0),
    ),
    pooled=1,
    denoiser="transformer",
    model="FluxTransformer2DModel",
    arguments=JOINT_ARGUMENTS,
    timestep_unit=1000,
    separate_negative=True,
)

FAMILIES = (STABLE_DIFFUSION, STABLE_DIFFUSION_XL, STABLE_DIFFUSION_3, FLUX)
