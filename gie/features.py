"""Features (Eq. 9): how much each token of a concept is attended to in each layer at the first step.

They are keyed by the w that is injected while they are read: +1 is the paper's probe, 0 looks without touching, and
-1 ... -15 give the curves of the paper's Figure 3.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from gie.adapter import Adapter
from gie.concept import Concept
from gie.conditions import reads_guidance
from gie.errors import InputError
from gie.inhibiting import inhibit
from gie.noise import starting_from
from gie.support import denoiser_of, family_of


def probe(
    pipe: Any,
    concept: Concept,
    *,
    prompts: Sequence[str],
    generators: Sequence[torch.Generator],
    noises: int = 0,
    **sampling: Any,
) -> Float[Tensor, "images read layers"]:
    """The features of the concept's own tokens, then of [EOT], with `concept.scale` injected; only the first step is run.

    Args:
        pipe: a pipeline that `inhibit` takes.
        concept: its scale is a number, or one for each prompt.
        prompts: one image each.
        generators: one each, of the image's initial noise.
        noises: how many noises, the same for all prompts, the first step starts from in turn, for the mean; 0: the image's own.
        sampling: what else the pipeline is called with; guidance does not reach the first step's conditional rows, so
            the unconditional ones are left out, except in a model that reads the scale itself.

    Raises:
        InputError: the concept's scale is an adapter.
    """
    if isinstance(concept.scale, Adapter):
        raise InputError("expected a concept with a fixed scale to probe with, got an adapter; say scale=0.0 or 1.0")
    if not reads_guidance(denoiser_of(pipe).config):
        sampling["guidance_scale"] = 1.0
    sampling |= {"output_type": "latent", "callback_on_step_end": _stop}
    denoiser, family = denoiser_of(pipe), family_of(pipe)
    read: list[Tensor] = []
    for start in [starting_from(denoiser, number, family) for number in range(noises)] or [nullcontext()]:
        with inhibit(pipe, concept, first_step="inhibited", capture=True) as run, start:
            pipe(list(prompts), generator=list(generators), **sampling)
        read.append(run.features)
    return torch.stack(read).mean(dim=0)


def _stop(pipe: Any, _step: int, _timestep: Any, _tensors: dict[str, Any]) -> dict[str, Any]:
    """The pipeline's own way to end early."""
    pipe._interrupt = True  # noqa: SLF001
    return {}
