"""`with inhibit(pipe, ...):` keeps concepts out of what the pipeline generates inside the block.

The user calls `pipe(...)` as ever: only the processors of the denoiser's cross- or joint attention, a few hooks and the scheduler's
`set_timesteps` are ours while the block lasts. Leaving it restores exactly what was there, also after an exception and
when blocks are nested.
"""

import math
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from gie.adapter import Adapter
from gie.block import FirstStep, Outside, Settings
from gie.concept import Concept, as_concept
from gie.encoding import count_tokens
from gie.errors import InputError
from gie.identity import refuse_others
from gie.run import Run
from gie.support import family_of

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
    strict: bool = True,
) -> Generator[Run]:
    """Inject the concepts' growth inhibitors into every step that `pipe` takes inside the block.

    Args:
        pipe: a pipeline on the list of `gie.families`: Stable Diffusion 1, 2, XL and UNets of their kind, Stable Diffusion 3 and
            FLUX. A ControlNet's own cross-attention is not inhibited.
        concepts: what is erased, at least one; an adapter stands for its own concept and infers its scales.
        first_step: `inhibited`, or `plain` and inhibited from the second on; None: as the adapter was trained, else
            `inhibited`.
        capture: read the first concept's features although nothing is inferred from them.
        threshold: of concepts closer than this (1 - cos, 0 to 2) only the most negative acts, image by image;
            0 = all act. `Run.gave_way` tells which did not.
        outside: what an adapter does away from the conditions it was trained under: warn and use its best fixed
            scale, or go on.
        strict: refuse an adapter made for other weights (a fine-tune, a LoRA, another precision); False: warn, and go on.

    Raises:
        InputError: an unsupported pipeline, a concept that does not fit, an adapter for other layers.
        GieError: inside the block, a step that would not be inhibited as configured.
    """
    family_of(pipe)  # refuses what is on no family's list
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
    for concept in settings.concepts:
        count_tokens(pipe, concept.text)
        if concept.values != "concept" and family_of(pipe).denoiser == "transformer":
            raise InputError(
                f'expected values="concept" for {type(pipe).__name__}, whose texts change in every block, got {concept.values!r}; '
                "the empty text would have to go through the model too"
            )
    refuse_others(pipe, _adapters(settings.concepts), strict=strict)
