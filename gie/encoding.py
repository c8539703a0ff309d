"""Concepts' texts by the pipeline's own text encoders, as its denoiser gets a prompt.

A concept is encoded on its own, not cut out of the prompt, so that it acts whether or not the prompt names it. Its
tokens are found by counting them, never by comparing words.
"""

import inspect
from collections.abc import Sequence
from typing import Any

import torch
from diffusers.loaders import TextualInversionLoaderMixin

from gie.concept import Concept
from gie.errors import InputError
from gie.families import Encoder
from gie.slots import Stretch
from gie.support import family_of
from gie.texts import EncodedConcept, Texts


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
def encode(pipe: Any, concepts: Sequence[Concept], *, context: int | None = None) -> Texts:
    """Encode all texts at once, as the running pipeline encodes its prompts: the call's own length, clip_skip and LoRA scale.

    Args:
        pipe: running, so that it has the call's settings.
        concepts: whose texts they are.
        context: how many slots the call's prompts have, where a family lets the caller choose; None: as many as by default.

    Raises:
        InputError: clip_skip with versions of diffusers and transformers that do not fit each other, or a text too long.
    """
    place = family_of(pipe).pooled
    texts = [concept.text for concept in concepts]
    empty = [""] if any(concept.values == "concept-empty" for concept in concepts) else []
    states = _encode_prompt(pipe, texts + empty, context=context)
    rows, encoded = states[0], list[EncodedConcept]()
    for index, concept in enumerate(concepts):
        stretches = _stretches(pipe, concept.text, context=rows.shape[1])
        pooled = rows[index, stretches[0].own.stop] if place is None else states[place][index]
        beyond = concept.values == "concept-empty"
        encoded.append(EncodedConcept(rows[index : index + 1], stretches, pooled.float(), beyond))
    return Texts(rows, tuple(encoded))


def _encode_prompt(pipe: Any, texts: Sequence[str], *, context: int | None) -> tuple[Any, ...]:
    try:
        return pipe.encode_prompt(**_settings(pipe, texts, context=context))
    except AttributeError as error:
        # diffusers 0.42 asks transformers 5 for a text_model that was folded into the encoder itself
        if error.name != "text_model":
            raise
        raise InputError(
            "expected no clip_skip, which this diffusers cannot do with this transformers, got one"
        ) from error


def _settings(pipe: Any, texts: Sequence[str], *, context: int | None) -> dict[str, Any]:
    """What the pipeline's own `encode_prompt` is called with: of all that there is, what it takes."""
    attention = getattr(pipe, "cross_attention_kwargs", None) or getattr(pipe, "joint_attention_kwargs", None) or {}
    settings = {
        "prompt": list(texts),
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
