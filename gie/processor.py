"""What runs in place of a cross-attention layer's processor: the layer's own arithmetic, plus the inhibitors.

The prompt's attention is computed by the very operations of the processor that was there, so that w = 0 gives the
plain model's bits. diffusers' processors do everything in one call, with no place to add a term before the output
projection, so their three arithmetics stand here again: scaled dot product, plain, and sliced.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from diffusers.models.attention_processor import Attention, AttnProcessor, AttnProcessor2_0, SlicedAttnProcessor
from jaxtyping import Float
from torch import Tensor

from gie.cross import CrossInjection
from gie.errors import InputError
from gie.injection import InhibitedProcessor, split_heads

Attend = Callable[[Attention, Tensor, Tensor, Tensor], Tensor]
"""Q, K, V `[rows, heads, pixels or slots, d]` -> a new tensor of Q's shape."""


class CrossProcessor(InhibitedProcessor):
    """Cross-attention with inhibitors."""

    def __init__(self, original: object, injections: Sequence[CrossInjection]) -> None:
        super().__init__(original, injections)
        self.attend = arithmetic_of(self.plain)
        self.crossing = tuple(injections)

    def __call__(
        self,
        attn: Any,  # an Attention, whose projections diffusers types as perhaps missing
        hidden_states: Float[Tensor, "rows pixels width"],
        encoder_hidden_states: Float[Tensor, "rows slots text_width"],
        attention_mask: Tensor | None = None,
    ) -> Float[Tensor, "rows pixels width"]:
        """What diffusers calls in each layer.

        Raises:
            InputError: a mask over the prompt's tokens is asked for.
        """
        if attention_mask is not None:
            raise InputError("expected no mask over the prompt's tokens, got one; inhibit() cannot keep it yet")
        query = split_heads(attn.to_q(hidden_states), attn.heads)
        key, value = self.crossing[-1].kept.keys_and_values(attn, encoder_hidden_states)
        out = self.attend(attn, query, key, value)
        for injection in self.crossing:
            injection.apply(attn, encoder_hidden_states, query=query, out=out)
        joined = out.transpose(1, 2).flatten(2)  # [rows, pixels, heads * d]
        return attn.to_out[1](attn.to_out[0](joined))


def arithmetic_of(processor: object) -> Attend:
    """The attention that `processor` computes.

    Raises:
        InputError: it is of another kind (fused, xFormers, IP-Adapter, Custom Diffusion, ...).
    """
    if type(processor) is AttnProcessor2_0:
        return attend_scaled_dot_product
    if type(processor) is AttnProcessor:
        return attend_plain
    if type(processor) is SlicedAttnProcessor:
        return partial(attend_sliced, slice_size=processor.slice_size)
    kinds = "AttnProcessor2_0, AttnProcessor or SlicedAttnProcessor"
    got = type(processor).__name__
    raise InputError(
        f"expected cross-attention by {kinds}, got {got}, whose arithmetic inhibit() does not know; "
        "undo what installed it (unload the IP-Adapter, unfuse, disable xFormers) first"
    )


def attend_scaled_dot_product(_attn: Attention, Q: Tensor, K: Tensor, V: Tensor) -> Tensor:
    """As AttnProcessor2_0."""
    return F.scaled_dot_product_attention(Q, K, V)


def attend_plain(attn: Attention, Q: Tensor, K: Tensor, V: Tensor) -> Tensor:
    """As AttnProcessor: the whole map, in fp32 where the layer asks for it."""
    maps = attn.get_attention_scores(Q.flatten(0, 1), K.flatten(0, 1))
    return torch.bmm(maps, V.flatten(0, 1)).view(Q.shape)


def attend_sliced(attn: Attention, Q: Tensor, K: Tensor, V: Tensor, *, slice_size: int) -> Tensor:
    """As SlicedAttnProcessor: `slice_size` maps at a time."""
    parts = [tensor.flatten(0, 1).split(slice_size) for tensor in (Q, K, V)]
    slices = [torch.bmm(attn.get_attention_scores(q, k), v) for q, k, v in zip(*parts, strict=True)]
    return torch.cat(slices).view(Q.shape)
