"""What is to be erased: a concept's text, how strongly, and its embedding by the pipeline's own text encoder.

The concept is encoded on its own, not cut out of the prompt, so that it acts whether or not the prompt names it. Its
tokens are found by counting them, never by comparing words.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from gie.adapter import Adapter
from gie.errors import InputError
from gie.slots import SPECIAL_TOKENS, Slots


@dataclass(frozen=True)
class Concept:
    """A concept's text and the scale it is injected with."""

    text: str
    """Encoded on its own; not empty, and no longer than the text encoder's context."""
    scale: float | Sequence[float] | Adapter = field(kw_only=True)
    """w, a factor: 0 is the plain model, negative erases, +1 is the paper's probe. A sequence gives each image its own
    (prompt-major with `num_images_per_prompt`); an adapter infers it from the first step."""
    slots: Slots = field(default="concept", kw_only=True)
    """Which token slots are injected."""

    def __post_init__(self) -> None:
        """Refuse what can never be injected.

        Raises:
            InputError: empty text, unknown slots, or a scale that is no finite number.
        """
        if not self.text.strip():
            raise InputError(f"expected the text of a concept, got {self.text!r}; name what is to be erased")
        if self.slots not in get_args(Slots):
            raise InputError(f"expected slots to be one of {', '.join(get_args(Slots))}, got {self.slots!r}")
        if not isinstance(self.scale, Adapter):
            _refuse_scales(self.scale)


@dataclass(frozen=True)
class EncodedConcept:
    """A concept's embedding under one call's settings."""

    embedding: Float[Tensor, "1 slots width"]
    """The text encoder's output for the concept alone."""
    tokens: int
    """How many own tokens it has."""

    @property
    def pooled(self) -> Float[Tensor, "width"]:
        """The state of [EOT], which has read the whole text (Eq. 11 compares these)."""
        return self.embedding[0, 1 + self.tokens].float()


def as_concept(concept: Concept | Adapter) -> Concept:
    """An adapter stands for its own concept, with scales that it infers itself."""
    if isinstance(concept, Adapter):
        return Concept(concept.config.concept, scale=concept, slots=concept.config.slots)
    return concept


def count_tokens(pipe: Any, text: str) -> int:
    """How many own tokens `text` has, [SOT] and [EOT] not counted, textual inversions taken apart.

    Raises:
        InputError: none, or more than the text encoder's context holds.
    """
    tokenizer = pipe.tokenizer
    text = pipe.maybe_convert_prompt(text, tokenizer)
    tokens = len(tokenizer(text, verbose=False).input_ids) - SPECIAL_TOKENS
    room = tokenizer.model_max_length - SPECIAL_TOKENS
    if not 0 < tokens <= room:
        raise InputError(f"expected a concept of 1 to {room} tokens, got {tokens} in {text!r}; shorten or name it")
    return tokens


@torch.no_grad()
def encode(pipe: Any, text: str) -> EncodedConcept:
    """Encode `text` as the running pipeline encodes its prompts: the call's own clip_skip and LoRA scale."""
    device = pipe._execution_device  # noqa: SLF001 - where the weights will be, under offload too
    scale = (pipe.cross_attention_kwargs or {}).get("scale")
    embedding, _ = pipe.encode_prompt(text, device, 1, False, lora_scale=scale, clip_skip=pipe.clip_skip)
    return EncodedConcept(embedding, count_tokens(pipe, text))


def _refuse_scales(scale: float | Sequence[float]) -> None:
    scales = scale if isinstance(scale, Sequence) else [scale]
    if not scales or not all(math.isfinite(value) for value in scales):
        raise InputError(f"expected a finite scale, or one for each image, got {scale!r}; 0 is the plain model")
