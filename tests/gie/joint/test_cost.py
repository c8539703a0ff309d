"""What a concept costs, in floating point operations of a block of the real width; docs/decisions/joint-attention.md has the figures."""

from typing import Any

import pytest
import torch
from diffusers.models.attention import JointTransformerBlock
from diffusers.models.transformers.transformer_flux import FluxSingleTransformerBlock, FluxTransformerBlock
from torch.utils.flop_counter import FlopCounterMode

from gie.joint.blocks import way_through
from gie.joint.injection import JointInjection, Stream
from gie.joint.processor import processor_like
from gie.slots import Stretch
from gie.texts import EncodedConcept, Texts

PIXELS = 4096
"""Of 1024 x 1024 px."""


class _Embedded:
    """A model whose text is its first block's already."""

    @staticmethod
    def context_embedder(states: torch.Tensor) -> torch.Tensor:
        return states


def count(block: Any, width: int, slots: int) -> int:
    """Operations of the block, on one row."""
    states = {"hidden_states": torch.empty(1, PIXELS, width), "encoder_hidden_states": torch.empty(1, slots, width)}
    if not isinstance(block, JointTransformerBlock):
        states["image_rotary_emb"] = (torch.empty(slots + PIXELS, 128), torch.empty(slots + PIXELS, 128))  # pyright: ignore[reportArgumentType]
    with FlopCounterMode(display=False) as counter:
        block(**states, temb=torch.empty(1, width))
    return counter.get_total_flops()


@pytest.mark.parametrize(
    ("kind", "width", "slots", "share"),
    [
        (JointTransformerBlock, 1536, 77 + 256, 0.375),
        (FluxTransformerBlock, 3072, 512, 0.289),
        (FluxSingleTransformerBlock, 3072, 512, 0.289),
    ],
)
def test_a_concept_costs_a_share_of_the_block(kind: Any, width: int, slots: int, share: float) -> None:
    """Far less than the block once more; nothing is computed, only counted."""
    with torch.device("meta"):
        heads = 24
        block = kind(width, heads, width // heads)
        plain = count(block, width, slots)
        stream = Stream(_Embedded(), temb=torch.empty(1, width), slots=slots)
        injection = JointInjection(way=way_through(block), stream=stream, last=False)
        text, stretches = torch.empty(1, slots, width), (Stretch(1, 1, slots),)
        injection.begin(Texts(text, (EncodedConcept(text, stretches, torch.empty(width), beyond_empty=False),)))
        injection.mode, injection.parts = "inject", (slice(0, 1),)
        injection.set_scales({0: torch.empty(1, slots)})
        block.attn.set_processor(processor_like(block.attn.processor, [injection]))
        assert count(block, width, slots) / plain - 1 == pytest.approx(share, abs=0.001)
