"""What runs in place of a joint attention layer's processor: the layer's own arithmetic, plus the inhibitors.

As in `gie.processor`, the model's attention is computed by the very operations of the processor that was there, so that w = 0 gives the
plain model's bits. The term goes into the image's rows alone; the prompt's rows are left as they are.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from diffusers.models.attention_dispatch import dispatch_attention_fn
from diffusers.models.attention_processor import JointAttnProcessor2_0
from diffusers.models.embeddings import apply_rotary_emb
from diffusers.models.transformers.transformer_flux import FluxAttnProcessor
from jaxtyping import Float
from torch import Tensor

from gie.errors import InputError
from gie.injection import InhibitedProcessor
from gie.joint.blocks import project_image, project_text, stay
from gie.joint.injection import JointInjection

Rotary = tuple[Float[Tensor, "places d"], Float[Tensor, "places d"]]
"""Cosines and sines of the places of text and image."""


class JointProcessor(InhibitedProcessor):
    """Joint attention with inhibitors."""

    def __init__(self, original: object, injections: Sequence[JointInjection]) -> None:
        super().__init__(original, injections)
        self.terms = injections


class SD3Processor(JointProcessor):
    """As JointAttnProcessor2_0: the image's tokens first."""

    def __call__(
        self,
        attn: Any,
        hidden_states: Float[Tensor, "rows pixels width"],
        encoder_hidden_states: Float[Tensor, "rows slots width"],
        attention_mask: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """What diffusers calls in each block.

        Raises:
            InputError: a mask over the tokens is asked for.
        """
        _refuse_mask(attention_mask)
        image = project_image(attn, hidden_states)
        text = project_text(attn, encoder_hidden_states)
        query, key, value = (torch.cat(pair, dim=2) for pair in zip(image, text, strict=True))
        out = F.scaled_dot_product_attention(query, key, value)
        pixels = hidden_states.shape[1]
        for injection in self.terms:
            injection.apply(*image, out=out[:, :, :pixels], rotate=stay)
        joined = out.transpose(1, 2).flatten(2)  # [rows, pixels + slots, heads * d]
        prompt = joined[:, pixels:] if attn.context_pre_only else attn.to_add_out(joined[:, pixels:])
        return attn.to_out[1](attn.to_out[0](joined[:, :pixels])), prompt


class FluxProcessor(JointProcessor):
    """As FluxAttnProcessor, in double blocks and single ones: the text's tokens first, all of them with places."""

    def __call__(
        self,
        attn: Any,
        hidden_states: Float[Tensor, "rows length width"],
        encoder_hidden_states: Float[Tensor, "rows slots width"] | None = None,
        attention_mask: Tensor | None = None,
        image_rotary_emb: Rotary | None = None,
    ) -> Tensor | tuple[Tensor, Tensor]:
        """What diffusers calls in each block; a single one hands over text and image in one.

        Raises:
            InputError: a mask over the tokens is asked for, or no places are given.
        """
        _refuse_mask(attention_mask)
        if image_rotary_emb is None:
            raise InputError(
                "expected the places of text and image, got none; call the transformer as FluxPipeline does"
            )
        query, key, value = _flux_sides(attn, hidden_states, encoder_hidden_states)
        query, key = _placed(query, image_rotary_emb, dim=1), _placed(key, image_rotary_emb, dim=1)
        # As the layer's own processor: which attention that is may be chosen with set_attention_backend.
        backend, parallel = self.plain._attention_backend, self.plain._parallel_config  # noqa: SLF001
        out = dispatch_attention_fn(query, key, value, backend=backend, parallel_config=parallel)
        slots = self._slots(encoder_hidden_states)
        image = [states.transpose(1, 2)[:, :, slots:] for states in (query, key, value, out)]
        cos, sin = image_rotary_emb
        rotate = partial(_placed, places=(cos[:slots], sin[:slots]), dim=2)
        for injection in self.terms:
            injection.apply(*image[:3], out=image[3], rotate=rotate)
        joined = out.flatten(2, 3).to(query.dtype)  # [rows, slots + pixels, heads * d]
        if encoder_hidden_states is None:
            return joined
        pictured = attn.to_out[1](attn.to_out[0](joined[:, slots:].contiguous()))
        return pictured, attn.to_add_out(joined[:, :slots].contiguous())

    def _slots(self, prompt: Tensor | None) -> int:
        """How many tokens are text: a double block sees it, and the single ones behind it are told."""
        for injection in self.terms:
            if prompt is not None:
                injection.stream.slots = prompt.shape[1]
        return self.terms[0].stream.slots


def processor_like(original: Any, injections: Sequence[JointInjection]) -> InhibitedProcessor:
    """An inhibited processor with the arithmetic of `original`.

    Raises:
        InputError: it is of another kind (fused, IP-Adapter, perturbed, ...).
    """
    plain = original.plain if isinstance(original, InhibitedProcessor) else original
    if type(plain) is JointAttnProcessor2_0:
        return SD3Processor(original, injections)
    if type(plain) is FluxAttnProcessor:
        return FluxProcessor(original, injections)
    raise InputError(
        f"expected joint attention by JointAttnProcessor2_0 or FluxAttnProcessor, got {type(plain).__name__}, whose arithmetic "
        "inhibit() does not know; undo what installed it (unload the IP-Adapter, unfuse) first"
    )


def _flux_sides(attn: Any, hidden_states: Tensor, prompt: Tensor | None) -> list[Tensor]:
    """Queries, keys and values `[rows, length, heads, d]` of all tokens, without their places yet."""
    query, key, value = (
        project(hidden_states).unflatten(-1, (-1, attn.head_dim)) for project in (attn.to_q, attn.to_k, attn.to_v)
    )
    image = (attn.norm_q(query), attn.norm_k(key), value)
    if prompt is None:
        return list(image)
    query, key, value = (
        project(prompt).unflatten(-1, (-1, attn.head_dim))
        for project in (attn.add_q_proj, attn.add_k_proj, attn.add_v_proj)
    )
    text = (attn.norm_added_q(query), attn.norm_added_k(key), value)
    return [torch.cat(pair, dim=1) for pair in zip(text, image, strict=True)]


def _placed(states: Tensor, places: Rotary, *, dim: int) -> Tensor:
    """Queries or keys with their places along `dim` put in."""
    rotate: Any = apply_rotary_emb  # annotated for another model's answer
    return rotate(states, places, sequence_dim=dim)


def _refuse_mask(attention_mask: Tensor | None) -> None:
    if attention_mask is not None:
        raise InputError("expected no mask over the tokens, got one; inhibit() cannot keep it yet")
