"""The method built literally, as Eq. 5 to 8 write it: every attention map is made, re-weighted and inserted.

Slow, stores all maps, and shares no code with `gie`: what `gie` computes is held against it.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor


def literal_attention(
    Q: Tensor, K: Tensor, V: Tensor, concepts: Sequence[tuple[Tensor, Tensor, Tensor]], *, eot: int
) -> Tensor:
    """One image. Q `[U, P, d]`, K and V `[U, N, d]`; of each concept K*, V* `[U, N*, d]` and W `[N*]`, 0 where not injected."""
    root = Q.shape[-1] ** 0.5
    maps = (Q @ K.transpose(-1, -2) / root).softmax(dim=-1)  # Eq. 5
    values = V
    for K_star, V_star, W in concepts:
        maps_star = (Q @ K_star.transpose(-1, -2) / root).softmax(dim=-1)  # Eq. 6
        injected = W.nonzero().flatten()
        inhibitors = W[injected] * maps_star[:, :, injected]  # Eq. 7
        maps = torch.cat([maps[:, :, :eot], inhibitors, maps[:, :, eot:]], dim=-1)  # Eq. 8
        values = torch.cat([values[:, :eot], V_star[:, injected], values[:, eot:]], dim=1)
    return maps @ values


class LiteralProcessor:
    """A cross-attention processor that does so for the conditional rows of a pipeline's batch."""

    def __init__(
        self, pipe: Any, concepts: Sequence[tuple[Tensor, Tensor]], *, eot: int = 2, without: Tensor | None = None
    ) -> None:
        self.pipe = pipe
        self.concepts = concepts
        """Embeddings `[N, width]` and scales `[images, N]`."""
        self.eot = eot
        self.without = without
        """Embedding `[N, width]` whose values are taken from each concept's."""

    def __call__(
        self, attn: Any, hidden_states: Tensor, encoder_hidden_states: Tensor, attention_mask: None = None
    ) -> Tensor:
        """Image by image."""
        assert attention_mask is None
        rows = [
            self.row(attn, hidden, text, row, len(hidden_states))
            for row, (hidden, text) in enumerate(zip(hidden_states, encoder_hidden_states, strict=True))
        ]
        return torch.stack(rows)

    def row(self, attn: Any, hidden: Tensor, text: Tensor, row: int, rows: int) -> Tensor:
        """One row of the batch; under guidance the first part is unconditional, and a perturbed part repeats the images."""
        images = len(self.concepts[0][1])
        unconditional = images if self.pipe.do_classifier_free_guidance else 0
        assert rows % images == 0
        concepts = (
            []
            if row < unconditional
            else [
                (
                    heads(attn, attn.to_k(embedding)),
                    self.values(attn, embedding),
                    W[(row - unconditional) % images],
                )
                for embedding, W in self.concepts
            ]
        )
        Q, K, V = (heads(attn, states) for states in (attn.to_q(hidden), attn.to_k(text), attn.to_v(text)))
        out = literal_attention(Q, K, V, concepts, eot=self.eot)
        return attn.to_out[0](out.transpose(0, 1).flatten(1))

    def values(self, attn: Any, embedding: Tensor) -> Tensor:
        """V* `[U, N*, d]`."""
        whole = heads(attn, attn.to_v(embedding))
        return whole if self.without is None else whole - heads(attn, attn.to_v(self.without))


def heads(attn: Any, states: Tensor) -> Tensor:
    """`[length, width]` -> `[heads, length, d]`."""
    return states.unflatten(-1, (attn.heads, -1)).transpose(0, 1)


@torch.no_grad()
def embed(pipe: Any, text: str, *, clip_skip: int | None = None) -> tuple[Tensor, list[int]]:
    """The concept's embedding `[N, width]` and the slots of its own tokens, found by what they are not: special."""
    tokenizer, encoder = pipe.tokenizer, pipe.text_encoder
    ids = tokenizer(text, padding="max_length", max_length=tokenizer.model_max_length, return_tensors="pt").input_ids
    states = encoder(ids, output_hidden_states=True)
    if hasattr(pipe, "text_encoder_2"):  # XL: both encoders' states before their last layer, side by side
        second = pipe.text_encoder_2(ids, output_hidden_states=True).hidden_states
        layer = -2 - (clip_skip or 0)
        embedding = torch.cat([states.hidden_states[layer], second[layer]], dim=-1)
    elif clip_skip is None:
        embedding = states.last_hidden_state
    else:
        embedding = encoder.final_layer_norm(states.hidden_states[-(clip_skip + 1)])
    special = set(tokenizer.all_special_ids)
    return embedding[0], [slot for slot, token in enumerate(ids[0].tolist()) if token not in special]


def draw_literally(
    pipe: Any,
    concepts: dict[str, Sequence[float]],
    *prompts: Any,
    clip_skip: int | None = None,
    without: str | None = None,
    **sampling: Any,
) -> Tensor:
    """Latents of a whole generation with one w an image for each concept, by the literal processor in every layer.

    The values of the text `without` are taken from the concepts'.
    """
    weights: list[tuple[Tensor, Tensor]] = []
    for text, scales in concepts.items():
        embedding, own = embed(pipe, text, clip_skip=clip_skip)
        W = torch.zeros(len(scales), len(embedding))
        W[:, own] = torch.tensor(scales)[:, None]
        weights.append((embedding, W))
    before = pipe.unet.attn_processors
    left_out = None if without is None else embed(pipe, without, clip_skip=clip_skip)[0]
    literal = LiteralProcessor(pipe, weights, without=left_out)
    crossing = {name.removesuffix(".processor") for name in before if ".attn2." in name}
    pipe.unet.set_attn_processor(
        {name: literal if name.removesuffix(".processor") in crossing else old for name, old in before.items()}
    )
    try:
        return pipe(*prompts, clip_skip=clip_skip, output_type="latent", **sampling).images
    finally:
        pipe.unet.set_attn_processor(before)
