"""The layers in which image and text meet, by what they are and not by what they are called, in the order they are called."""

from collections.abc import Mapping
from typing import Any

from diffusers.models.attention_processor import Attention

from gie.errors import InputError
from gie.joint.blocks import joint_blocks

CALL_ORDER = ("down_blocks", "mid_block", "up_blocks")
"""A UNet registers its blocks in another order (down, up, mid)."""


def plain_module(denoiser: Any) -> Any:
    """The module itself, out of torch.compile's wrapper where it is in one."""
    return getattr(denoiser, "_orig_mod", denoiser)


def cross_attentions(unet: Any) -> dict[str, Attention]:
    """Every cross-attention layer by name, in call order.

    Raises:
        InputError: there is none.
    """
    found = {
        name: module
        for name, module in plain_module(unet).named_modules()
        if isinstance(module, Attention) and module.is_cross_attention
    }
    if not found:
        raise InputError(f"expected a text-to-image UNet, got {type(unet).__name__} without cross-attention layers")
    return dict(sorted(found.items(), key=lambda item: CALL_ORDER.index(item[0].split(".")[0])))


def cross_attention_layers(denoiser: Any) -> tuple[str, ...]:
    """Names of the layers in which image and text meet, in call order: the columns of the features.

    Cross-attention in a UNet, joint attention in a transformer.

    Raises:
        InputError: there is none.
    """
    return tuple(_layers(denoiser))


def layer_widths(denoiser: Any) -> tuple[tuple[int, int], ...]:
    """Of each layer, in call order, how wide the image's states are and the text's."""
    layers = _layers(denoiser).values()
    return tuple((layer.query_dim, _text_width(layer)) for layer in layers)


def _layers(denoiser: Any) -> Mapping[str, Any]:
    joint = joint_blocks(plain_module(denoiser))
    return {name: block.attn for name, block in joint.items()} if joint else cross_attentions(denoiser)


def _text_width(layer: Any) -> int:
    """Joint attention has projections of its own for the text, or the same for both."""
    return layer.added_kv_proj_dim or getattr(layer, "cross_attention_dim", layer.query_dim)
