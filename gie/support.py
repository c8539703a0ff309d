"""What `inhibit` works with: the pipelines that tests cover. Everything else is refused with the reason.

A pipeline that calls its UNet in a way of its own (one more unconditional call, cached blocks, a third part in the
batch) would be inhibited wrongly without a word, so the list is of what is allowed.
"""

from typing import Any

from diffusers.models.attention_processor import Attention

from gie.errors import InputError

PIPELINES = (
    "StableDiffusionPipeline",
    "StableDiffusionImg2ImgPipeline",
    "StableDiffusionInpaintPipeline",
    "StableDiffusionControlNetPipeline",
)

OTHER_FAMILIES = {
    "use_linear_projection": "Stable Diffusion 2",
    "addition_embed_type": "Stable Diffusion XL",
    "encoder_hid_dim_type": "a model with image prompts (IP-Adapter)",
    "class_embed_type": "a model with class embeddings",
}
"""Entries of the UNet's config that are set in other families only."""

UNUSUAL_PARTS = ("group_norm", "spatial_norm", "norm_cross", "norm_q", "norm_k", "residual_connection", "is_causal")
"""Parts of a cross-attention layer that Stable Diffusion 1 does not have and the processor does not compute."""


def refuse_unsupported(pipe: Any) -> None:
    """Refuse every pipeline but those of Stable Diffusion 1.x.

    Raises:
        InputError: another pipeline class or another model family.
    """
    kind = type(pipe)
    if kind.__name__ not in PIPELINES or not kind.__module__.startswith("diffusers."):
        raise InputError(
            f"expected one of {', '.join(PIPELINES)}, got {kind.__module__}.{kind.__name__}; "
            "other pipelines are not supported yet"
        )
    config = pipe.unet.config
    for entry, family in OTHER_FAMILIES.items():
        if config.get(entry):
            raise InputError(
                f"expected a Stable Diffusion 1.x model, got {family} ({entry} = {config[entry]!r}); "
                "other families are not supported yet"
            )


def refuse_unusual(name: str, layer: Attention) -> None:
    """Refuse a layer that computes more than Stable Diffusion 1's do.

    Raises:
        InputError: it has such a part, named in the message.
    """
    unusual = [part for part in UNUSUAL_PARTS if getattr(layer, part)]
    if unusual or layer.rescale_output_factor != 1.0:
        part = unusual[0] if unusual else "rescale_output_factor"
        raise InputError(f"expected plain cross-attention in {name}, got one with {part}; it is not supported yet")
