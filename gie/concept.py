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
from gie.support import family_of


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
    window: tuple[float, float] = field(default=(0.0, 1.0), kw_only=True)
    """Which part of the way from noise (0) to picture (1), by timestep, is inhibited: steps outside of it are plain."""

    def __post_init__(self) -> None:
        """Refuse what can never be injected.

        Raises:
            InputError: empty text, unknown slots, a window that is none, or a scale that is no finite number.
        """
        if not self.text.strip():
            raise InputError(f"expected the text of a concept, got {self.text!r}; name what is to be erased")
        if self.slots not in get_args(Slots):
            raise InputError(f"expected slots to be one of {', '.join(get_args(Slots))}, got {self.slots!r}")
        start, stop = self.window
        if not 0 <= start < stop <= 1:
            raise InputError(f"expected a window from 0 to 1, start before stop, got {self.window}")
        if not isinstance(self.scale, Adapter):
            _refuse_scales(self.scale)


@dataclass(frozen=True)
class EncodedConcept:
    """A concept's embedding under one call's settings."""

    embedding: Float[Tensor, "1 slots width"]
    """The text encoder's output for the concept alone."""
    tokens: int
    """How many own tokens it has."""
    pooled: Float[Tensor, "pooled"]
    """[EOT], which has read the whole text, in fp32 (Eq. 11 compares these)."""


def as_concept(concept: Concept | Adapter) -> Concept:
    """An adapter stands for its own concept, with scales that it infers itself."""
    if isinstance(concept, Adapter):
        config = concept.config
        return Concept(config.concept, scale=concept, slots=config.slots, window=config.window)
    return concept


def count_tokens(pipe: Any, text: str) -> int:
    """How many own tokens `text` has, [SOT] and [EOT] not counted, textual inversions taken apart.

    Raises:
        InputError: none, more than the text encoder's context holds, or not as many for each text encoder.
    """
    tokenizers = [getattr(pipe, name) for name, _ in family_of(pipe).encoders]
    counts = {_count(pipe, text, tokenizer) for tokenizer in tokenizers}
    if len(counts) > 1:
        raise InputError(f"expected {text!r} to be as many tokens for each text encoder, got {sorted(counts)}")
    return counts.pop()


def _count(pipe: Any, text: str, tokenizer: Any) -> int:
    text = pipe.maybe_convert_prompt(text, tokenizer)
    tokens = len(tokenizer(text, verbose=False).input_ids) - SPECIAL_TOKENS
    room = tokenizer.model_max_length - SPECIAL_TOKENS
    if not 0 < tokens <= room:
        raise InputError(f"expected a concept of 1 to {room} tokens, got {tokens} in {text!r}; shorten or name it")
    return tokens


@torch.no_grad()
def encode(pipe: Any, text: str) -> EncodedConcept:
    """Encode `text` as the running pipeline encodes its prompts: the call's own clip_skip and LoRA scale.

    Raises:
        InputError: clip_skip with versions of diffusers and transformers that do not fit each other.
    """
    try:
        states = pipe.encode_prompt(
            prompt=text,
            device=pipe._execution_device,  # noqa: SLF001 - where the weights will be, under offload too
            num_images_per_prompt=1,
            do_classifier_free_guidance=False,
            lora_scale=(pipe.cross_attention_kwargs or {}).get("scale"),
            clip_skip=pipe.clip_skip,
        )
    except AttributeError as error:
        # diffusers 0.42 asks transformers 5 for a text_model that was folded into the encoder itself
        if error.name != "text_model":
            raise
        raise InputError(
            "expected no clip_skip, which this diffusers cannot do with this transformers, got one"
        ) from error
    embedding, tokens, place = states[0], count_tokens(pipe, text), family_of(pipe).pooled
    pooled = embedding[0, 1 + tokens] if place is None else states[place][0]
    return EncodedConcept(embedding, tokens, pooled.float())


def _refuse_scales(scale: float | Sequence[float]) -> None:
    scales = scale if isinstance(scale, Sequence) else [scale]
    if not scales or not all(math.isfinite(value) for value in scales):
        raise InputError(f"expected a finite scale, or one for each image, got {scale!r}; 0 is the plain model")
