"""`with inhibit(pipe, ...):` keeps concepts out of what the pipeline generates inside the block.

The user calls `pipe(...)` as ever: only the UNet's cross-attention processors, two hooks and the scheduler's
`set_timesteps` are ours while the block lasts. Leaving it restores exactly what was there, also after an exception and
when blocks are nested.
"""

import math
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from warnings import warn

from gie.adapter import Adapter
from gie.concept import Concept, as_concept, count_tokens
from gie.erasure import FirstStep, Outside, Settings
from gie.errors import InputError
from gie.layers import cross_attention_layers
from gie.model import fingerprint
from gie.run import Run
from gie.support import refuse_unsupported

THRESHOLD = 0.1
"""Eq. 11's, on 1 - cos of [EOT] states: synonyms lie below it, other concepts above."""


@contextmanager
def inhibit(
    pipe: Any,
    *concepts: Concept | Adapter,
    first_step: FirstStep | None = None,
    capture: bool = False,
    threshold: float = THRESHOLD,
    outside: Outside = "fallback",
    strict: bool = False,
) -> Generator[Run]:
    """Inject the concepts' growth inhibitors into every step that `pipe` takes inside the block.

    Args:
        pipe: a Stable Diffusion 1.x pipeline.
        concepts: what is erased, at least one; an adapter stands for its own concept and infers its scales.
        first_step: `inhibited`, or `plain` and inhibited from the second on; None: as the adapter was trained, else
            `inhibited`.
        capture: read the first concept's features although nothing is inferred from them.
        threshold: of concepts closer than this (1 - cos, 0 to 2) only the most negative acts, image by image;
            0 = all act.
        outside: what an adapter does away from the conditions it was trained under: warn and use its best fixed
            scale, or go on.
        strict: refuse an adapter made for other weights instead of warning.

    Raises:
        InputError: an unsupported pipeline, a concept that does not fit, an adapter for other layers.
        GieError: inside the block, a step that would not be inhibited as configured.
    """
    refuse_unsupported(pipe)
    settings = Settings(
        concepts=tuple(as_concept(concept) for concept in concepts),
        first_step=first_step or _recorded_first_step(concepts),
        capture=capture,
        threshold=threshold,
        outside=outside,
    )
    _refuse_misfits(pipe, settings, strict=strict)
    run = Run(pipe, settings)
    try:
        run.install()
        yield run
    finally:
        run.restore()


def _adapters(concepts: tuple[Concept | Adapter, ...]) -> list[Adapter]:
    scales = [as_concept(concept).scale for concept in concepts]
    return [scale for scale in scales if isinstance(scale, Adapter)]


def _recorded_first_step(concepts: tuple[Concept | Adapter, ...]) -> FirstStep:
    recorded: set[FirstStep] = {adapter.config.first_step for adapter in _adapters(concepts)}
    if len(recorded) > 1:
        raise InputError("expected adapters of one first step, got both inhibited and plain; say first_step=...")
    return recorded.pop() if recorded else "inhibited"


def _refuse_misfits(pipe: Any, settings: Settings, *, strict: bool) -> None:
    if not settings.concepts:
        raise InputError("expected at least one Concept or Adapter, got none; name what is to be erased")
    if not (math.isfinite(settings.threshold) and settings.threshold >= 0):
        raise InputError(f"expected a threshold of 0 or more, got {settings.threshold}")
    layers = cross_attention_layers(pipe.unet)
    for concept in settings.concepts:
        count_tokens(pipe, concept.text)
        if isinstance(concept.scale, Adapter):
            _refuse_other_layers(concept.scale, layers)
    for adapter in _adapters(settings.concepts):
        _compare_fingerprints(pipe, adapter, strict=strict)


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


def _compare_fingerprints(pipe: Any, adapter: Adapter, *, strict: bool) -> None:
    here, there = fingerprint(pipe), adapter.config.fingerprint
    if here == there:
        return
    message = (
        f"the adapter for {adapter.config.concept!r} was trained on {adapter.config.base_model} (weights "
        f"{there[:12]}), this model's weights are {here[:12]}: its scales may not hold"
    )
    if strict:
        raise InputError(f"{message}; expected the same weights because of strict=True")
    warn(message, stacklevel=5)
