"""Whether an adapter belongs to a model: its layers, their widths, and the weights.

Features of other layers, or of layers of other widths, mean nothing to it and are refused. Where only the weights differ the model may
be a fine-tune of the one it was trained on, or that one with a LoRA or in another precision. Nobody measured the adapter there, so it is
refused too, but who knows better may go on with a warning.
"""

from collections.abc import Sequence
from typing import Any
from warnings import warn

from gie.adapter import Adapter
from gie.errors import InputError
from gie.layers import cross_attention_layers, layer_widths
from gie.model import fingerprint
from gie.support import denoiser_of


def refuse_others(pipe: Any, adapters: Sequence[Adapter], *, strict: bool) -> None:
    """Compare each adapter with the pipeline's model.

    Raises:
        InputError: an adapter of other layers or widths, and with `strict` of other weights; both models are named.
    """
    for adapter in adapters:
        _refuse_other_layers(adapter, cross_attention_layers(denoiser_of(pipe)))
        _refuse_other_widths(adapter, layer_widths(denoiser_of(pipe)))
    here = fingerprint(pipe) if adapters else ""
    for adapter in adapters:
        _compare_fingerprints(adapter, pipe.name_or_path or type(pipe).__name__, here, strict=strict)


def _refuse_other_layers(adapter: Adapter, layers: tuple[str, ...]) -> None:
    expected = adapter.config.layers
    if expected == layers:
        return
    there = next((name for name in expected if name not in layers), f"{len(expected)} layers in another order")
    here = next((name for name in layers if name not in expected), f"{len(layers)} layers")
    raise InputError(
        f"expected a model with the adapter's {len(expected)} layers ({there}), got one with {len(layers)} "
        f"({here}); use the adapter with {adapter.config.base_model}"
    )


def _refuse_other_widths(adapter: Adapter, widths: tuple[tuple[int, int], ...]) -> None:
    expected = adapter.config.widths
    if expected is None or expected == widths:
        return
    name, there, here = next(
        (name, there, here)
        for name, there, here in zip(adapter.config.layers, expected, widths, strict=True)
        if there != here
    )
    raise InputError(
        f"expected {name} to be {there[0]} wide with a text of {there[1]}, got {here[0]} and {here[1]}; "
        f"use the adapter with {adapter.config.base_model}"
    )


def _compare_fingerprints(adapter: Adapter, name: str, here: str, *, strict: bool) -> None:
    there, base = adapter.config.fingerprint, adapter.config.base_model
    if here == there:
        return
    if strict:
        raise InputError(
            f"expected {base} (weights {there[:12]}), which the adapter for {adapter.config.concept!r} was trained on, got {name} "
            f"(weights {here[:12]}); for a fine-tune, a LoRA or another precision strict=False goes on with a warning"
        )
    warn(
        f"the adapter for {adapter.config.concept!r} was trained on {base} (weights {there[:12]}), this is {name} "
        f"(weights {here[:12]}): its scales may not hold",
        stacklevel=6,
    )
