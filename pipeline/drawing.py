"""The model of a recipe, opened as its sweep wants it, and how it is asked for a picture."""

import inspect
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from gie.adapter_config import Sampling
from gie.errors import InputError
from pipeline.conditions import Conditions
from pipeline.mistakes import did_you_mean
from pipeline.paths import Paths
from pipeline.settings import Recipe, SweepSettings

if TYPE_CHECKING:
    import torch


SMALL_PX = 128
"""Side of a picture whose attention maps are small: 16 x 16 latents."""
FLOW_MATCHING = frozenset({"FlowMatchEulerDiscrete", "FlowMatchHeunDiscrete", "FlowMatchLCM"})
"""Schedulers of SD3 and FLUX; diffusers' own lists of what fits leave all but one out."""


def open_pipeline(recipe: Recipe, paths: Paths) -> Any:
    """The recipe's model on its device, with the sweep's scheduler; raises InputError when either is not there."""
    from gie.model import load_pipeline

    load_quietly()
    model = recipe.model
    folder = paths.inside(model.id)
    pipe = load_pipeline(
        str(folder) if folder.exists() else model.id, device=model.device, dtype=model.dtype, compile=model.compile
    )
    set_scheduler(pipe, recipe.sweep.scheduler)
    _suit_small_pictures(pipe, recipe.sweep)
    _refuse_length(pipe, recipe.sweep.max_sequence_length)
    return pipe


def _suit_small_pictures(pipe: Any, sweep: SweepSettings) -> None:
    """On a CPU: attention by whole maps, where torch's fused one takes longer, and channels last where convolutions are all there is."""
    import torch
    from diffusers.models.attention_processor import AttnProcessor

    small = max(sweep.height, sweep.width) <= SMALL_PX
    if small and hasattr(pipe, "unet") and pipe.device.type == "cpu" and pipe.dtype == torch.float32:
        pipe.unet.set_attn_processor(AttnProcessor())
        pipe.vae.to(memory_format=torch.channels_last)


def _refuse_length(pipe: Any, length: int | None) -> None:
    if length and "max_sequence_length" not in inspect.signature(pipe.__call__).parameters:
        raise InputError(
            f"sweep.max_sequence_length: expected none for {type(pipe).__name__}, whose texts have one length, got {length}; "
            "leave it out"
        )


def load_quietly() -> None:
    """No bars over a model's parts and weights: they hide the one that counts pictures."""
    from diffusers.utils.logging import disable_progress_bar as hide_parts
    from transformers.utils.logging import disable_progress_bar as hide_weights

    hide_parts()
    hide_weights()


class _CalledError(Exception):
    """The denoiser was called."""


def observe(recipe: Recipe, pipe: Any) -> Conditions:
    """The conditions under which a pipeline renders the recipe's sweep; raises InputError when the concept does not fit the model."""
    from gie.layers import layer_widths
    from gie.model import cross_attention_layers, fingerprint
    from gie.support import denoiser_of

    denoiser = denoiser_of(pipe)
    return Conditions(
        base_model=recipe.model.id,
        fingerprint=fingerprint(pipe),
        layers=cross_attention_layers(denoiser),
        widths=layer_widths(denoiser),
        sampling=_first_call(recipe, pipe, denoiser),
    )


def _first_call(recipe: Recipe, pipe: Any, denoiser: Any) -> Sampling:
    """The conditions of a real generation, which is left where the denoiser would be called: each pipeline has timesteps of its own."""
    from gie.concept import Concept
    from gie.inhibiting import inhibit

    def leave(*_: Any) -> None:
        raise _CalledError

    concept = Concept(recipe.concept, scale=0.0, slots=recipe.sweep.slots, values=recipe.sweep.values)
    # The hook comes behind the block's own, which has read the call by then.
    with inhibit(pipe, concept) as run, denoiser.register_forward_pre_hook(leave), suppress(_CalledError):
        pipe(recipe.concept, generator=generators([0]), **sampling(recipe.sweep))
    return run.conditions


def set_scheduler(pipe: Any, name: str) -> None:
    """Give the pipeline a scheduler by its diffusers name without "Scheduler", on the model's own noise schedule."""
    import diffusers

    known = fitting_schedulers(pipe)
    if name not in known:
        hint = did_you_mean(name, known)
        raise InputError(
            f"sweep.scheduler: expected one that fits the model, got {name!r}{hint}; {', '.join(sorted(known))}"
        )
    pipe.scheduler = getattr(diffusers, f"{name}Scheduler").from_config(pipe.scheduler.config)


def fitting_schedulers(pipe: Any) -> frozenset[str]:
    """Names without "Scheduler" of those that run on the model's own noise schedule."""
    known = frozenset(scheduler.__name__.removesuffix("Scheduler") for scheduler in pipe.scheduler.compatibles)
    if known.isdisjoint(FLOW_MATCHING):
        return known
    # The second order one takes no sigmas, which FLUX hands over, nor a shift by the picture's size.
    fixed = not (type(pipe).__name__.startswith("Flux") or pipe.scheduler.config.get("use_dynamic_shifting"))
    return FLOW_MATCHING if fixed else FLOW_MATCHING - {"FlowMatchHeunDiscrete"}


def sampling(sweep: SweepSettings) -> dict[str, Any]:
    """The arguments of a call of the pipeline that a sweep fixes."""
    length = sweep.max_sequence_length
    return {
        "num_inference_steps": sweep.steps,
        "guidance_scale": sweep.guidance,
        "height": sweep.height,
        "width": sweep.width,
        **({"max_sequence_length": length} if length else {}),
    }


def generators(seeds: Iterable[int]) -> "list[torch.Generator]":
    """One source of noise a picture; on the CPU, so that a seed is the same noise on every device."""
    import torch

    return [torch.Generator("cpu").manual_seed(seed) for seed in seeds]
