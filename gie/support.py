"""What `inhibit` works with: the pipelines that tests cover. Everything else is refused with the reason.

A pipeline that calls its UNet in a way of its own (one more unconditional call, cached blocks, a third part in the
batch) would be inhibited wrongly without a word, so the list is of what is allowed.
"""

from typing import Any

from diffusers.models.attention_processor import Attention

from gie.errors import InputError
from gie.families import FAMILIES, STABLE_DIFFUSION_XL, Family
from gie.layers import plain_module

REASONS = {
    "SAG": "it calls the UNet once more a step, without the text",
    "InstructPix2Pix": "its batch has a third part, without the text",
    "AttendAndExcite": "it calls the UNet for gradients too, and replaces its attention",
    "LEdits": "it calls the UNet with the texts of its edits",
    "Upscale": "its UNet reads a low resolution picture, and attends to the text alone",
    "UnCLIP": "its UNet reads a picture's embedding",
    "GLIGEN": "its attention reads boxes and phrases",
    "Adapter": "no test covers how it calls the UNet",
    "StableDiffusion3PAG": "perturbed guidance replaces its joint attention",
    "StableDiffusion3ControlNet": "no test covers how a ControlNet feeds a transformer",
    "FluxControlNet": "no test covers how a ControlNet feeds a transformer",
    "FluxControl": "its transformer reads a picture beside the noise",
    "FluxFill": "its transformer reads a picture beside the noise",
    "FluxKontext": "its transformer reads a picture beside the noise",
}
"""Part of a pipeline's name -> why it is not on the list."""

OTHER_MODELS = {
    "encoder_hid_dim_type": "a model that projects its text or reads image prompts (IP-Adapter)",
    "class_embed_type": "a model with class embeddings",
    "dual_cross_attention": "a model that attends to two texts",
    "only_cross_attention": "a model without self-attention",
}
"""Entries of the UNet's config that no family has set."""

UNUSUAL_PARTS = ("group_norm", "spatial_norm", "norm_cross", "norm_q", "norm_k", "residual_connection", "is_causal")
"""Parts of a cross-attention layer that no family has and the processor does not compute."""


def family_of(pipe: Any) -> Family:
    """The pipeline's family.

    Raises:
        InputError: a class that is on no family's list, a model of another kind, or a missing text encoder.
    """
    family = family_named(f"{type(pipe).__module__}.{type(pipe).__name__}")
    _refuse_other_models(plain_module(denoiser_of(pipe, family)), family)
    parts = [part for encoder in family.encoders for part in (encoder.tokenizer, encoder.model)]
    missing = [part for part in parts if getattr(pipe, part, None) is None]
    if missing and family is STABLE_DIFFUSION_XL:
        raise InputError(
            f"expected Stable Diffusion XL with both text encoders, got no {missing[0]}, as in its refiner; "
            "inhibit the base pipeline and leave the refiner alone"
        )
    if missing:
        raise InputError(f"expected a pipeline that can encode the concept, got no {missing[0]}; load it too")
    return family


def denoiser_of(pipe: Any, family: Family | None = None) -> Any:
    """The network that the pipeline calls in every step."""
    return getattr(pipe, (family or family_of(pipe)).denoiser)


def family_named(kind: str) -> Family:
    """The family of a pipeline class, by its name with or without the module.

    Raises:
        InputError: the class is on no list, or not diffusers' own.
    """
    module, _, name = kind.rpartition(".")
    for family in FAMILIES:
        if name in family.pipelines and (not module or module.startswith("diffusers.")):
            return family
    reason = next((why for part, why in REASONS.items() if part in name), "no test covers how it calls its model")
    known = ", ".join(name for family in FAMILIES for name in family.pipelines)
    raise InputError(f"expected a pipeline that inhibit() knows, got {kind}: {reason}; it knows {known}")


def refuse_unusual(name: str, layer: Attention) -> None:
    """Refuse a layer that computes more than the families' do.

    Raises:
        InputError: it has such a part, named in the message.
    """
    unusual = [part for part in UNUSUAL_PARTS if getattr(layer, part)]
    if unusual or layer.rescale_output_factor != 1.0:
        part = unusual[0] if unusual else "rescale_output_factor"
        raise InputError(f"expected plain cross-attention in {name}, got one with {part}; it is not supported yet")


def _refuse_other_models(model: Any, family: Family) -> None:
    if family.model not in {kind.__name__ for kind in type(model).__mro__}:
        raise InputError(f"expected {family.name} with a {family.model}, got a {type(model).__name__}")
    if family.denoiser == "unet":
        _refuse_other_unets(model.config, family)


def _refuse_other_unets(config: Any, family: Family) -> None:
    addition = config.get("addition_embed_type")
    if addition != family.addition_embed_type:
        raise InputError(
            f"expected a UNet of {family.name}, got one with addition_embed_type = {addition!r}, "
            f"not {family.addition_embed_type!r}"
        )
    for entry, kind in OTHER_MODELS.items():
        value = config.get(entry)
        if any(value) if isinstance(value, list | tuple) else value:
            raise InputError(f"expected a UNet of {family.name}, got {kind} ({entry} = {value!r})")
    if config.get("attention_type", "default") != "default":
        raise InputError(f"expected a UNet of {family.name}, got {config['attention_type']} attention, as GLIGEN has")
