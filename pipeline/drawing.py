"""The model of a recipe, opened as its sweep wants it, and how it is asked for a picture."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from gie.adapter_config import Sampling
from gie.errors import InputError
from pipeline.conditions import Conditions
from pipeline.mistakes import did_you_mean
from pipeline.paths import Paths
from pipeline.settings import Recipe, SweepSettings

if TYPE_CHECKING:
    import torch


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
    return pipe


def load_quietly() -> None:
    """No bars over a model's parts and weights: they hide the one that counts pictures."""
    from diffusers.utils.logging import disable_progress_bar as hide_parts
    from transformers.utils.logging import disable_progress_bar as hide_weights

    hide_parts()
    hide_weights()


def observe(recipe: Recipe, pipe: Any) -> Conditions:
    """The conditions under which a pipeline renders the recipe's sweep."""
    from gie.layers import layer_widths
    from gie.model import cross_attention_layers, fingerprint
    from gie.support import denoiser_of

    sweep = recipe.sweep
    pipe.scheduler.set_timesteps(sweep.steps)
    return Conditions(
        base_model=recipe.model.id,
        fingerprint=fingerprint(pipe),
        layers=cross_attention_layers(denoiser_of(pipe)),
        widths=layer_widths(denoiser_of(pipe)),
        sampling=Sampling(
            first_timestep=float(pipe.scheduler.timesteps[0]),
            scheduler=type(pipe.scheduler).__name__,
            steps=sweep.steps,
            guidance=max(sweep.guidance, 1.0),  # diffusers guides above 1 only
            height=sweep.height,
            width=sweep.width,
        ),
    )


def set_scheduler(pipe: Any, name: str) -> None:
    """Give the pipeline a scheduler by its diffusers name without "Scheduler", on the model's own noise schedule."""
    import diffusers

    known = {scheduler.__name__.removesuffix("Scheduler") for scheduler in pipe.scheduler.compatibles}
    if name not in known:
        hint = did_you_mean(name, known)
        raise InputError(
            f"sweep.scheduler: expected one that fits the model, got {name!r}{hint}; {', '.join(sorted(known))}"
        )
    pipe.scheduler = getattr(diffusers, f"{name}Scheduler").from_config(pipe.scheduler.config)


def sampling(sweep: SweepSettings) -> dict[str, Any]:
    """The arguments of a call of the pipeline that a sweep fixes."""
    return {
        "num_inference_steps": sweep.steps,
        "guidance_scale": sweep.guidance,
        "height": sweep.height,
        "width": sweep.width,
    }


def generators(seeds: Iterable[int]) -> "list[torch.Generator]":
    """One source of noise a picture; on the CPU, so that a seed is the same noise on every device."""
    import torch

    return [torch.Generator("cpu").manual_seed(seed) for seed in seeds]
