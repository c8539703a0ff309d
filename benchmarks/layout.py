"""A prototype that was measured and left out of the library: the plain picture's layout, kept while the concept is erased.

The paper's released code draws a second, plain latent beside every picture, and gives the early steps' self-attention maps of the plain one to
both. Here the plain generation is recorded instead (its self-attention queries and keys), and the recording is used in a later one of the
same prompts and noise. docs/decisions/window-and-layout.md has the figures.
"""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from diffusers.models.attention_processor import Attention
from torch import Tensor

from gie.conditions import progress
from gie.injection import split_heads
from gie.processor import arithmetic_of

Recorded = dict[tuple[int, str], tuple[Tensor, Tensor]]
"""(UNet forward, layer) -> its queries and keys `[rows, heads, pixels, d]`."""


class Layout:
    """What a plain generation attended to, where."""

    def __init__(self, until: float) -> None:
        self.until = until
        """How much of the way from noise (0) to picture (1) is recorded."""
        self.recorded: Recorded = {}
        self.keeping = False
        self.forward = -1
        """Which UNet forward runs, counted from 0 in each block."""
        self.early = False
        """Whether it lies before `until`."""

    def exchange(self, layer: str, Q: Tensor, K: Tensor) -> tuple[Tensor, Tensor]:
        """What this layer attends with: its own in a recording and in late steps, else the recorded."""
        if not self.early:
            return Q, K
        if not self.keeping:
            self.recorded[self.forward, layer] = Q, K
        return self.recorded[self.forward, layer]


class _SelfAttention:
    """The arithmetic of the processor that was there, on queries and keys that go through the layout."""

    def __init__(self, original: object, layout: Layout, layer: str) -> None:
        self.attend, self.layout, self.layer = arithmetic_of(original), layout, layer

    def __call__(self, attn: Any, hidden_states: Tensor, **_none: object) -> Tensor:
        Q, K, V = (split_heads(to(hidden_states), attn.heads) for to in (attn.to_q, attn.to_k, attn.to_v))
        joined = (
            self.attend(attn, *self.layout.exchange(self.layer, Q, K), V).transpose(1, 2).flatten(2)
        )  # [rows, pixels, heads * d]
        return attn.to_out[1](attn.to_out[0](joined))


@contextmanager
def record_layout(pipe: Any, *, until: float) -> Generator[Layout]:
    """Record the layout of the one generation inside the block."""
    layout = Layout(until)
    with _installed(pipe, layout):
        yield layout
    layout.keeping = True


@contextmanager
def keep_layout(pipe: Any, layout: Layout) -> Generator[None]:
    """Draw one generation inside the block in a recorded layout: the same prompts, noise, scheduler and steps."""
    layout.forward = -1
    with _installed(pipe, layout):
        yield


@contextmanager
def _installed(pipe: Any, layout: Layout) -> Generator[None]:
    """Every self-attention layer goes through the layout."""
    layers = {
        name: module
        for name, module in pipe.unet.named_modules()
        if isinstance(module, Attention) and not module.is_cross_attention
    }
    originals = {name: layer.processor for name, layer in layers.items()}

    def count(_unet: Any, args: tuple[Any, ...], _kwargs: dict[str, Any]) -> None:
        layout.forward += 1
        layout.early = progress(pipe, float(args[1])) < layout.until

    hook = pipe.unet.register_forward_pre_hook(count, with_kwargs=True)
    try:
        for name, layer in layers.items():
            layer.set_processor(_SelfAttention(originals[name], layout, name))  # pyright: ignore[reportArgumentType]
        yield
    finally:
        hook.remove()
        for name, layer in layers.items():
            layer.set_processor(originals[name])
