"""The cross-attention layers of a UNet, by what they are and not by what they are called, in the order they are called."""

from typing import Any

from diffusers.models.attention_processor import Attention

from gie.errors import InputError

CALL_ORDER = ("down_blocks", "mid_block", "up_blocks")
"""A UNet registers its blocks in another order (down, up, mid)."""


def plain_module(unet: Any) -> Any:
    """The module itself, out of torch.compile's wrapper where it is in one."""
    return getattr(unet, "_orig_mod", unet)


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


def layer_widths(unet: Any) -> tuple[tuple[int, int], ...]:
    """Of each layer, in call order, how wide the image's states are and the text's."""
    layers = cross_attentions(unet).values()
    return tuple((layer.query_dim, layer.cross_attention_dim) for layer in layers)


def cross_attention_layers(unet: Any) -> tuple[str, ...]:
    """Their names: the columns of the features."""
    return tuple(cross_attentions(unet))
