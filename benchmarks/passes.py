"""One pass or two (Algorithm 1 of the paper): `python -m benchmarks.passes [RECIPE ...]`.

Section 4.1 lets the prompt's own pass ask (its Q) and the concept's text answer (K*, V*); that is what `gie` does. Algorithm 1 can also
be read as a pass of its own, conditioned on the concept alone, whose finished maps are carried over. The second costs one more
row of the UNet in every step. Both are drawn here with the same prompts, noise and scales, and counted by the evaluator.
"""

import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Any

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from benchmarks.emoji import Easel, heading, line, open_easel, say
from gie.concept import Concept
from gie.encoding import encode
from gie.inhibiting import inhibit
from gie.injection import split_heads
from gie.layers import cross_attentions
from pipeline.tables import Prompt

PROMPTS = 20
SCALES = (-0.8, -1.2, -1.6, -2.4)


class Carrier:
    """A layer's processor that keeps the concept's finished term in one pass and adds it in the next."""

    def __init__(self, weights: Tensor) -> None:
        self.weights = weights
        """`[slots]`, w at the injected ones."""
        self.recording = False
        self.term: Tensor | None = None

    def __call__(self, attn: Any, hidden_states: Tensor, encoder_hidden_states: Tensor, **_: Any) -> Tensor:
        """What diffusers calls."""
        query = split_heads(attn.to_q(hidden_states), attn.heads)
        key, value = (split_heads(to(encoder_hidden_states), attn.heads) for to in (attn.to_k, attn.to_v))
        out = F.scaled_dot_product_attention(query, key, value)
        if self.recording:
            self.term = F.scaled_dot_product_attention(query, key, value * self.weights[:, None])
        elif self.term is not None:
            conditional = out.shape[0] - self.term.shape[0]  # guidance puts the unconditional rows first
            out[conditional:] += self.term
        return attn.to_out[1](attn.to_out[0](out.transpose(1, 2).flatten(2)))


@contextmanager
def two_passes(pipe: Any, concept: str, *, scale: float, slots: Any, images: int) -> Generator[None]:
    """Inside, every step is preceded by a pass of the concept on the same latents, whose terms are added."""
    encoded = encode_outside(pipe, concept)
    context = encoded.embedding.shape[1]
    weights = torch.zeros(context)
    weights[encoded.stretches[0].injected(slots)] = scale
    layers = cross_attentions(pipe.unet)
    carriers = {name: Carrier(weights) for name in layers}
    before = {name: layer.processor for name, layer in layers.items()}

    def concept_first(unet: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if carriers[next(iter(carriers))].recording:
            return
        record(carriers, on=True)
        rows = encoded.embedding.expand(images, -1, -1)
        unet(args[0][-images:], args[1], **(kwargs | {"encoder_hidden_states": rows}))
        record(carriers, on=False)

    for name, layer in layers.items():
        layer.set_processor(carriers[name])  # pyright: ignore[reportArgumentType]
    hook = pipe.unet.register_forward_pre_hook(concept_first, with_kwargs=True)
    try:
        yield
    finally:
        hook.remove()
        for name, layer in layers.items():
            layer.set_processor(before[name])


def encode_outside(pipe: Any, concept: str) -> Any:
    """The concept's embedding; `encode` asks the pipeline for what a call of it would have set."""
    pipe._cross_attention_kwargs, pipe._clip_skip = None, None  # noqa: SLF001
    return encode(pipe, [Concept(concept, scale=0.0)], context=pipe.tokenizer.model_max_length).concepts[0]


def record(carriers: dict[str, Carrier], *, on: bool) -> None:
    """Switch all layers at once."""
    for carrier in carriers.values():
        carrier.recording = on


def compare_ways(easel: Easel) -> None:
    """Print both ways at every scale, and what they take."""
    concept, slots = easel.recipe.concept, easel.recipe.sweep.slots

    def one(pipe: Any, asked: dict[str, Any], _: Sequence[Prompt]) -> Sequence[Image.Image]:
        with inhibit(pipe, Concept(concept, scale=scale, slots=slots)):
            return pipe(**asked).images

    def two(pipe: Any, asked: dict[str, Any], batch: Sequence[Prompt]) -> Sequence[Image.Image]:
        with two_passes(pipe, concept, scale=scale, slots=slots, images=len(batch)):
            return pipe(**asked).images

    _ = easel.plain  # drawn before the clock runs
    say(heading(f"{easel.recipe.name}, gone / kept / both"))
    for scale in SCALES:
        for name, draw in (("one pass", one), ("two passes", two)):
            start = perf_counter()
            counts = easel.count(draw)
            say(line(f"{name}, w = {scale:g}, {perf_counter() - start:.0f} s", counts))


def main() -> None:
    """Measure the recipes named."""
    for name in sys.argv[1:] or ["emoji-airplane", "emoji-cat"]:
        easel = open_easel(name, PROMPTS)
        compare_ways(easel)


if __name__ == "__main__":
    with torch.inference_mode():
        main()
