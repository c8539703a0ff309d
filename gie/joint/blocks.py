"""The blocks of SD3 and FLUX, and the way of a text through one of them, by the block's own modules.

A double block has weights of its own for the text; a single one, in FLUX, has the same for both. Either way a text's tokens are
normed and modulated, projected to queries, keys and values, attend, and come out changed. The concept's tokens go this way beside the
prompt's: what is written here is what the block does with its prompt, without the image's part.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from diffusers.models.attention import JointTransformerBlock
from diffusers.models.transformers.transformer_flux import FluxSingleTransformerBlock, FluxTransformerBlock
from jaxtyping import Float
from torch import Tensor

from gie.injection import split_heads

Heads = Float[Tensor, "rows heads length d"]
Rotate = Callable[[Tensor], Tensor]
"""Puts their places into queries or keys."""


def joint_blocks(transformer: Any) -> dict[str, Any]:
    """Every joint block by the name of its attention, in call order; none in a model of another kind."""
    kinds = (JointTransformerBlock, FluxTransformerBlock, FluxSingleTransformerBlock)
    return {f"{name}.attn": block for name, block in transformer.named_modules() if isinstance(block, kinds)}


def project_image(attn: Any, states: Tensor) -> tuple[Heads, Heads, Heads]:
    """Queries, keys and values of the image's tokens, without their places."""
    return _project(attn, states, ("to_q", "to_k", "to_v"), ("norm_q", "norm_k"))


def project_text(attn: Any, states: Tensor) -> tuple[Heads, Heads, Heads]:
    """The same of a text's tokens, where the layer has weights of its own for them."""
    return _project(attn, states, ("add_q_proj", "add_k_proj", "add_v_proj"), ("norm_added_q", "norm_added_k"))


def stay(states: Tensor) -> Tensor:
    """A `Rotate` without places, and a norm where a model has none."""
    return states


def _project(
    attn: Any, states: Tensor, projections: tuple[str, ...], norms: tuple[str, ...]
) -> tuple[Heads, Heads, Heads]:
    query, key, value = (split_heads(getattr(attn, name)(states), attn.heads) for name in projections)
    norm_query, norm_key = (getattr(attn, name) or stay for name in norms)
    return norm_query(query), norm_key(key), value


@dataclass(frozen=True)
class Text:
    """A text inside a block, ready to attend."""

    state: Float[Tensor, "images slots width"]
    """As it came in."""
    query: Float[Tensor, "images heads slots d"]
    key: Float[Tensor, "images heads slots d"]
    value: Float[Tensor, "images heads slots d"]
    kept: tuple[Tensor, ...]
    """What the block needs of it behind the attention."""


@dataclass(frozen=True)
class DoubleWay:
    """Through a block with weights of its own for the text; SD3's last one stops at the attention."""

    block: Any

    def enter(self, state: Tensor, temb: Tensor, rotate: Rotate) -> Text:
        """Up to the attention; `temb` `[images, width]` is what the model knows of time and pooled prompt."""
        attn, norm = self.block.attn, self.block.norm1_context
        normed, *gates = (norm(state, temb),) if attn.context_pre_only else norm(state, emb=temb)
        query, key, value = project_text(attn, normed)
        return Text(state, rotate(query), rotate(key), value, tuple(gates))

    def leave(self, text: Text, attended: Float[Tensor, "images slots width"]) -> Float[Tensor, "images slots width"]:
        """From the attention on: the state that the next block gets."""
        gate, shift_mlp, scale_mlp, gate_mlp = (gate[:, None] for gate in text.kept)
        state = text.state + gate * self.block.attn.to_add_out(attended)
        normed = self.block.norm2_context(state) * (1 + scale_mlp) + shift_mlp
        return _in_range(state + gate_mlp * self.block.ff_context(normed))


@dataclass(frozen=True)
class SingleWay:
    """Through a block with the same weights for text and image, attention and MLP side by side."""

    block: Any

    def enter(self, state: Tensor, temb: Tensor, rotate: Rotate) -> Text:
        """As `DoubleWay.enter`."""
        attn = self.block.attn
        normed, gate = self.block.norm(state, emb=temb)
        query, key, value = project_image(attn, normed)  # the weights are the same for both
        return Text(state, rotate(query), rotate(key), value, (normed, gate))

    def leave(self, text: Text, attended: Float[Tensor, "images slots width"]) -> Float[Tensor, "images slots width"]:
        """As `DoubleWay.leave`."""
        normed, gate = text.kept
        inside = torch.cat([attended, self.block.act_mlp(self.block.proj_mlp(normed))], dim=-1)
        return _in_range(text.state + gate[:, None] * self.block.proj_out(inside))


Way = DoubleWay | SingleWay


def way_through(block: Any) -> Way:
    """The way of a text through this kind of block."""
    return SingleWay(block) if isinstance(block, FluxSingleTransformerBlock) else DoubleWay(block)


def _in_range(state: Tensor) -> Tensor:
    """FLUX's blocks keep a text in half precision's range."""
    return state.clip(-65504, 65504) if state.dtype == torch.float16 else state
