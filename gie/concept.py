"""What is to be erased: a concept's text, how strongly, and its embedding by the pipeline's own text encoder.

The concept is encoded on its own, not cut out of the prompt, so that it acts whether or not the prompt names it. Its
tokens are found by counting them, never by comparing words.
"""

import inspect
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

import torch
from diffusers.loaders import TextualInversionLoaderMixin
from jaxtyping import Float
from torch import Tensor

from gie.adapter import Adapter
from gie.errors import InputError
from gie.families import Encoder
from gie.slots import Slots, Stretch, Values
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
    values: Values = field(default="concept", kw_only=True)
    """What is injected of them: their values whole, or without those of the empty text."""
    window: tuple[float, float] = field(default=(0.0, 1.0), kw_only=True)
    """Which part of the way from noise (0) to picture (1), by timestep, is inhibited: steps outside of it are plain."""

    def __post_init__(self) -> None:
        """Refuse what can never be injected.

        Raises:
            InputError: empty text, unknown slots or values, a window that is none, or a scale that is no finite number.
        """
        if not self.text.strip():
            raise InputError(f"expected the text of a concept, got {self.text!r}; name what is to be erased")
        if self.slots not in get_args(Slots):
            raise InputError(f"expected slots to be one of {', '.join(get_args(Slots))}, got {self.slots!r}")
        if self.values not in get_args(Values):
            raise InputError(f"expected values to be one of {', '.join(get_args(Values))}, got {self.values!r}")
        start, stop = self.window
        if not 0 <= start < stop <= 1:
            raise InputError(f"expected a window from 0 to 1, start before stop, got {self.window}")
        if not isinstance(self.scale, Adapter):
            _refuse_scales(self.scale)


@dataclass(frozen=True)
class EncodedConcept:
    """A concept's embedding under one call's settings."""

    embedding: Float[Tensor, "1 slots width"]
    """What the denoiser gets of a prompt, for the concept alone."""
    stretches: tuple[Stretch, ...]
    """Where its own tokens lie."""
    pooled: Float[Tensor, "pooled"]
    """[EOT], which has read the whole text, in fp32 (Eq. 11 compares these)."""
    empty: Float[Tensor, "1 slots width"] | None
    """What the denoiser gets of the empty text; None where the concept's values are injected whole."""

    @property
    def tokens(self) -> int:
        """How many own tokens it has, in all stretches."""
        return sum(stretch.tokens for stretch in self.stretches)


def as_concept(concept: Concept | Adapter) -> Concept:
    """An adapter stands for its own concept, with scales that it infers itself."""
    if isinstance(concept, Adapter):
        config = concept.config
        return Concept(config.concept, scale=concept, slots=config.slots, values=config.values, window=config.window)
    return concept


def count_tokens(pipe: Any, text: str) -> tuple[int, ...]:
    """How many own tokens `text` has in each stretch, special ones not counted, textual inversions taken apart.

    Raises:
        InputError: none, more than the text encoder's context holds, or not as many for each text encoder of a stretch.
    """
    counts = dict[int, set[int]]()
    for encoder in family_of(pipe).encoders:
        if encoder.stretch is not None:
            counts.setdefault(encoder.stretch, set()).add(_count(pipe, text, encoder))
    for found in counts.values():
        if len(found) > 1:
            raise InputError(f"expected {text!r} to be as many tokens for each text encoder, got {sorted(found)}")
    return tuple(found.pop() for found in counts.values())


def _count(pipe: Any, text: str, encoder: Encoder) -> int:
    tokenizer = getattr(pipe, encoder.tokenizer)
    if isinstance(pipe, TextualInversionLoaderMixin):
        text = pipe.maybe_convert_prompt(text, tokenizer)  # pyright: ignore[reportArgumentType, reportAssignmentType]
    special = encoder.before + 1
    tokens = len(tokenizer(text, verbose=False).input_ids) - special
    room = tokenizer.model_max_length - special
    if not 0 < tokens <= room:
        raise InputError(f"expected a concept of 1 to {room} tokens, got {tokens} in {text!r}; shorten or name it")
    return tokens


@torch.no_grad()
def encode(pipe: Any, text: str, *, values: Values = "concept", context: int | None = None) -> EncodedConcept:
    """Encode `text` as the running pipeline encodes its prompts: the call's own length, clip_skip and LoRA scale.

    Args:
        pipe: running, so that it has the call's settings.
        text: the concept's.
        values: what of it will be injected.
        context: how many slots the call's prompts have, where a family lets the caller choose; None: as many as by default.

    Raises:
        InputError: clip_skip with versions of diffusers and transformers that do not fit each other, or a text too long.
    """
    place = family_of(pipe).pooled
    states = _encode_prompt(pipe, text, context=context)
    embedding, stretches = states[0], _stretches(pipe, text, context=states[0].shape[1])
    pooled = embedding[0, stretches[0].own.stop] if place is None else states[place][0]
    empty = _encode_prompt(pipe, "", context=context)[0] if values == "concept-empty" else None
    return EncodedConcept(embedding, stretches, pooled.float(), empty)


def _encode_prompt(pipe: Any, text: str, *, context: int | None) -> tuple[Any, ...]:
    try:
        return pipe.encode_prompt(**_settings(pipe, text, context=context))
    except AttributeError as error:
        # diffusers 0.42 asks transformers 5 for a text_model that was folded into the encoder itself
        if error.name != "text_model":
            raise
        raise InputError(
            "expected no clip_skip, which this diffusers cannot do with this transformers, got one"
        ) from error


def _settings(pipe: Any, text: str, *, context: int | None) -> dict[str, Any]:
    """What the pipeline's own `encode_prompt` is called with: of all that there is, what it takes."""
    attention = getattr(pipe, "cross_attention_kwargs", None) or getattr(pipe, "joint_attention_kwargs", None) or {}
    settings = {
        "prompt": text,
        "prompt_2": None,
        "prompt_3": None,  # None: the same text for each encoder
        "device": pipe._execution_device,  # noqa: SLF001 - where the weights will be, under offload too
        "num_images_per_prompt": 1,
        "do_classifier_free_guidance": False,
        "lora_scale": attention.get("scale"),
        "clip_skip": getattr(pipe, "clip_skip", None),
    }
    if context is not None and (length := chosen_length(pipe, context)):
        settings["max_sequence_length"] = length
    taken = inspect.signature(pipe.encode_prompt).parameters
    return {name: value for name, value in settings.items() if name in taken}


def chosen_length(pipe: Any, context: int) -> int | None:
    """The `max_sequence_length` of a call whose prompts have `context` slots: those of the last stretch; None where nobody chooses it.

    Raises:
        InputError: embeddings too short for their encoders.
    """
    if "max_sequence_length" not in inspect.signature(pipe.encode_prompt).parameters:
        return None
    before = _starts(pipe)[-1][1]
    if context <= before:
        raise InputError(
            f"expected prompts of more than {before} slots, got {context}; give texts instead of embeddings"
        )
    return context - before


def _starts(pipe: Any) -> list[tuple[int, int]]:
    """Special tokens before the text, and first slot, of each stretch; all but the last are as long as their encoder reads."""
    starts, slot = dict[int, tuple[int, int]](), 0
    for encoder in family_of(pipe).encoders:
        if encoder.stretch is not None and encoder.stretch not in starts:
            starts[encoder.stretch] = (encoder.before, slot)
            slot += getattr(pipe, encoder.tokenizer).model_max_length
    return list(starts.values())


def _stretches(pipe: Any, text: str, *, context: int) -> tuple[Stretch, ...]:
    starts = _starts(pipe)
    stops = [*(slot for _, slot in starts[1:]), context]
    stretches = tuple(
        Stretch(slot + before, tokens, stop)
        for (before, slot), tokens, stop in zip(starts, count_tokens(pipe, text), stops, strict=True)
    )
    for stretch in stretches:
        if stretch.own.stop >= stretch.stop:
            room = stretch.stop - stretch.first - 1
            raise InputError(
                f"expected a concept of up to {room} tokens beside prompts of {context} slots, got {stretch.tokens} in {text!r}; "
                "shorten it, or call the pipeline with a larger max_sequence_length"
            )
    return stretches


def _refuse_scales(scale: float | Sequence[float]) -> None:
    scales = scale if isinstance(scale, Sequence) else [scale]
    if not scales or not all(math.isfinite(value) for value in scales):
        raise InputError(f"expected a finite scale, or one for each image, got {scale!r}; 0 is the plain model")
