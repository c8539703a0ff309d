"""Joint attention inhibited literally: each block is run a second time for the concept, and its whole map is kept and used.

For each image the block's own module runs on (the image's state, the concept's state) as it would for a prompt, with a processor that
keeps the map of the image's queries over all keys; what comes out for the text is the concept's state for the next block. Then the block
runs on its real input with a processor that inserts the concept's columns of that map, re-weighted, as Eq. 5 to 8 do. Slow, stores all
maps, and shares no code with `gie`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from tests.support.joint import LONGEST


@dataclass(frozen=True)
class Seen:
    """One image's attention in one block: maps `[heads, length, length]`, values `[heads, length, d]`, the text first."""

    maps: Tensor
    values: Tensor
    slots: int


class MapsProcessor:
    """Joint attention, SD3's or FLUX's, by whole maps; `inserts` are columns for the image's rows, image by image."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self.seen: list[Seen] = []
        self.inserts: dict[int, list[tuple[Tensor, Tensor]]] = {}
        """Of each row of the batch: weighted columns `[heads, pixels, tokens]` and their values `[heads, tokens, d]`."""

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: None = None,
        image_rotary_emb: Any = None,
    ) -> Any:
        """Row by row."""
        assert attention_mask is None
        rows = [
            self.row(
                attn,
                hidden,
                None if encoder_hidden_states is None else encoder_hidden_states[row],
                image_rotary_emb,
                row,
            )
            for row, hidden in enumerate(hidden_states)
        ]
        out = torch.stack(rows)
        if encoder_hidden_states is None:
            return out
        text = out[:, : self.slots]
        return attn.to_out[0](out[:, self.slots :]), text if attn.context_pre_only else attn.to_add_out(text)

    def row(self, attn: Any, hidden: Tensor, text: Tensor | None, places: Any, row: int) -> Tensor:
        """`[length, width]` of one row, the text first."""
        query, key, value = (heads(attn, project(hidden)) for project in (attn.to_q, attn.to_k, attn.to_v))
        query, key = normed(attn, "norm_q", query), normed(attn, "norm_k", key)
        if text is not None:
            added = [heads(attn, project(text)) for project in (attn.add_q_proj, attn.add_k_proj, attn.add_v_proj)]
            added[0], added[1] = normed(attn, "norm_added_q", added[0]), normed(attn, "norm_added_k", added[1])
            query, key, value = (torch.cat(pair, dim=1) for pair in zip(added, (query, key, value), strict=True))
        if places is not None:
            query, key = turned(query, places), turned(key, places)
        maps = (query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5).softmax(dim=-1)  # Eq. 5, 6
        self.seen.append(Seen(maps, value, self.slots))
        text_rows, image_rows, values = maps[:, : self.slots] @ value, maps[:, self.slots :], value
        for columns, values_star in self.inserts.get(row, []):  # Eq. 8, in the image's rows
            image_rows, values = torch.cat([image_rows, columns], dim=-1), torch.cat([values, values_star], dim=1)
        out = torch.cat([text_rows, image_rows @ values], dim=1)
        return out.transpose(0, 1).flatten(1)


def heads(attn: Any, states: Tensor) -> Tensor:
    """`[length, width]` -> `[heads, length, d]`."""
    return states.unflatten(-1, (attn.heads, -1)).transpose(0, 1)


def normed(attn: Any, name: str, states: Tensor) -> Tensor:
    """By the layer's norm, where it has one."""
    norm = getattr(attn, name, None)
    return states if norm is None else norm(states)


def turned(states: Tensor, places: tuple[Tensor, Tensor]) -> Tensor:
    """Each pair of numbers turned by its place's angle: (a + bi)(cos + i sin)."""
    cos, sin = (part[None, :, ::2] for part in places)
    a, b = states[..., 0::2], states[..., 1::2]
    return torch.stack([a * cos - b * sin, a * sin + b * cos], dim=-1).flatten(-2)


class LiteralBlocks:
    """The forward of every block of a pipeline's transformer, replaced; concepts are embeddings `[N, width]`, own slots, W `[images]`."""

    def __init__(self, pipe: Any, concepts: Sequence[tuple[Tensor, list[int], Tensor]]) -> None:
        self.pipe, self.concepts = pipe, concepts
        self.blocks = [
            *pipe.transformer.transformer_blocks,
            *getattr(pipe.transformer, "single_transformer_blocks", []),
        ]
        self.states: dict[tuple[int, int], Tensor] = {}
        self.means: dict[tuple[int, int], list[Tensor]] = {}
        """By concept and image, each block's mean attention to the own slots, and to [EOT], in the call that ran last."""
        self.negative: Tensor | None = None
        """FLUX's negative prompt, whose calls are left alone."""

    def install(self) -> None:
        """Replace each block's forward, and watch the transformer's calls begin."""
        self.hook = self.pipe.transformer.register_forward_pre_hook(self.begin, with_kwargs=True)
        for block in self.blocks:
            block.forward = lambda *, block=block, plain=block.forward, **given: self.forward(block, plain, given)

    def restore(self) -> None:
        """The inverse of `install`."""
        self.hook.remove()
        for block in self.blocks:
            del block.forward

    def begin(self, transformer: Any, _args: Any, kwargs: dict[str, Any]) -> None:
        """The concepts' states are the text encoders' again."""
        prompt = kwargs["encoder_hidden_states"]
        rows, images = len(prompt), len(self.concepts[0][2])
        self.alone = self.negative is not None and torch.equal(prompt, self.negative)
        self.before = rows - images
        self.means = {(c, i): [] for c in range(len(self.concepts)) for i in range(images)}
        self.states = {(c, i): transformer.context_embedder(self.concepts[c][0][None]) for c, i in self.means}

    def forward(self, block: Any, plain: Any, given: dict[str, Any]) -> Any:
        """One block: once more for each image and concept, and once for real with what these showed."""
        kept, processor = block.attn.processor, MapsProcessor(given["encoder_hidden_states"].shape[1])
        for (concept, image), state in {} if self.alone else dict(self.states).items():
            row = self.before + image
            columns = self.star(block, plain, given, (concept, image), state)
            processor.inserts.setdefault(row, []).append(columns)
        block.attn.processor = processor
        try:
            return plain(**given)
        finally:
            block.attn.processor = kept

    def star(
        self, block: Any, plain: Any, given: dict[str, Any], key: tuple[int, int], state: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The block for one image with the concept in the prompt's place."""
        (concept, image), row = key, self.before + key[1]
        _, own, w = self.concepts[concept]
        kept, maps = block.attn.processor, MapsProcessor(state.shape[1])
        block.attn.processor = maps
        own_row = {name: given[name][row : row + 1] for name in ("hidden_states", "temb")}
        self.states[key], _ = plain(**(given | own_row | {"encoder_hidden_states": state}))
        block.attn.processor = kept
        seen = maps.seen[0]
        columns = seen.maps[:, seen.slots :, own]
        eot = [slot + 1 for slot in own if slot + 1 not in own]  # behind the text, in each stretch
        ends = seen.maps[:, seen.slots :, eot].mean()
        self.means[key].append(torch.cat([columns.mean(dim=(0, 1)), ends[None]]))
        return w[image] * columns, seen.values[:, own]  # Eq. 7


def embed_jointly(pipe: Any, text: str) -> tuple[Tensor, list[int]]:
    """The concept's embedding `[N, width]` and the slots of its own tokens, found by what they are not: special."""
    flux = hasattr(pipe, "tokenizer_2") and not hasattr(pipe, "tokenizer_3")
    clip, t5 = pipe.tokenizer, pipe.tokenizer_2 if flux else pipe.tokenizer_3
    clip_ids = clip(text, padding="max_length", return_tensors="pt").input_ids
    t5_ids = t5(text, padding="max_length", max_length=LONGEST, return_tensors="pt").input_ids
    own = [slot for slot, token in enumerate(t5_ids[0].tolist()) if token > 1]  # 0 pads, 1 ends
    if flux:
        return pipe.text_encoder_2(t5_ids)[0][0], own
    both = [
        encoder(clip_ids, output_hidden_states=True).hidden_states[-2]
        for encoder in (pipe.text_encoder, pipe.text_encoder_2)
    ]
    states = torch.cat([torch.cat(both, dim=-1), pipe.text_encoder_3(t5_ids)[0]], dim=1)[0]
    special = set(clip.all_special_ids)
    first = [slot for slot, token in enumerate(clip_ids[0].tolist()) if token not in special]
    return states, [*first, *(clip_ids.shape[1] + slot for slot in own)]


@torch.no_grad()
def draw_joint_literally(
    pipe: Any, concepts: dict[str, Sequence[float]], *prompts: Any, **sampling: Any
) -> tuple[Tensor, LiteralBlocks]:
    """Latents of a whole generation with one w an image for each concept, and what was seen in its last call."""
    literal = LiteralBlocks(
        pipe, [(*embed_jointly(pipe, text), torch.tensor(list(scales))) for text, scales in concepts.items()]
    )
    if "negative_prompt" in sampling and "true_cfg_scale" in sampling:
        literal.negative = pipe.encode_prompt(sampling["negative_prompt"], max_sequence_length=LONGEST)[0]
    literal.install()
    try:
        return pipe(*prompts, output_type="latent", **sampling).images, literal
    finally:
        literal.restore()
