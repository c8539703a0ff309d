"""The prompt's keys and values in one cross-attention layer, which stay what they are from step to step.

A pipeline projects them anew in each. Where a GPU waits for the processor, that is two launches a layer in vain, and as many as
one concept costs: kept, an inhibited step takes no more launches than a plain one. The bits are the same, for the same operation makes them once.
"""

import operator
from collections.abc import Iterable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gie.injection import split_heads

Heads = Float[Tensor, "rows heads slots d"]
MOST_BYTES = 2**27
"""What all layers together may keep, 128 MiB: two guided pictures of XL, 17 of Stable Diffusion 1.5. Larger batches keep a GPU busy."""


def most_slots(layers: Iterable[Any]) -> int:
    """How many slots of a prompt, in all rows of a batch, `MOST_BYTES` are in these layers."""
    of_one_slot = sum(2 * layer.inner_kv_dim * layer.to_k.weight.element_size() for layer in layers)
    return MOST_BYTES // of_one_slot


class KeptPrompt:
    """Keys and values of the prompt that was seen last, if it has no more slots in all rows than `most_slots`."""

    def __init__(self, most_slots: int) -> None:
        self.most_slots = most_slots
        self._made_of: list[Tensor] = []
        self._writes: list[int] = []
        self._made: tuple[Heads, Heads] | None = None

    def forget(self) -> None:
        """Drop all tensors."""
        self._made_of, self._writes, self._made = [], [], None

    def keys_and_values(self, attn: Any, prompt: Float[Tensor, "rows slots width"]) -> tuple[Heads, Heads]:
        """The layer's K and V of `prompt`: kept ones where nothing changed that they depend on."""
        to_k, to_v = attn.to_k, attn.to_v
        small = prompt.shape[0] * prompt.shape[1] <= self.most_slots
        if not (small and _is_plain(to_k) and _is_plain(to_v)):
            return _project(attn, prompt)
        # not .parameters(), which takes as long as a launch
        made_of = [one for one in (prompt, to_k.weight, to_k.bias, to_v.weight, to_v.bias) if one is not None]
        if not _are_watched(made_of):
            return _project(attn, prompt)
        writes = [tensor._version for tensor in made_of]  # noqa: SLF001 - torch has no other way to ask
        if self._made is None or writes != self._writes or not all(map(operator.is_, made_of, self._made_of)):
            self._made_of, self._writes, self._made = made_of, writes, _project(attn, prompt)
        return self._made


def _are_watched(tensors: Iterable[Tensor]) -> bool:
    """Whether torch counts what is written into them, and nothing is traced or derived."""
    if torch.compiler.is_compiling() or torch.is_grad_enabled():
        return False
    return not any(map(Tensor.is_inference, tensors))


def _is_plain(linear: Any) -> bool:
    """Whether it is its weights and nothing else: a LoRA's scale may change on the way, hooks and replaced forwards do anything."""
    if type(linear) is not nn.Linear:
        return False
    state = vars(linear)
    return not ("forward" in state or state["_forward_hooks"] or state["_forward_pre_hooks"])


def _project(attn: Any, prompt: Tensor) -> tuple[Heads, Heads]:
    return split_heads(attn.to_k(prompt), attn.heads), split_heads(attn.to_v(prompt), attn.heads)
