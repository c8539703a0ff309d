"""Under which conditions a generation runs, and whether an adapter was made for them.

Features and labels belong to the first timestep, scheduler, steps, guidance and size that the recipe rendered with.
Elsewhere the adapter's answer is a guess, so it is compared at the beginning of every generation.
"""

import math
from typing import Any

from torch import Tensor

from gie.adapter_config import Sampling


def read_conditions(pipe: Any, sample: Tensor, timestep: Any) -> Sampling:
    """The running generation's conditions, from its first UNet call."""
    # a model distilled with guidance (LCM) reads the scale itself
    guided = pipe.do_classifier_free_guidance or pipe.unet.config.get("time_cond_proj_dim")
    height, width = (int(side) * pipe.vae_scale_factor for side in sample.shape[-2:])
    return Sampling(
        first_timestep=first_value(timestep),
        scheduler=type(pipe.scheduler).__name__,
        steps=pipe.scheduler.num_inference_steps,
        guidance=float(pipe.guidance_scale) if guided else 1.0,  # 1 = no guidance
        height=height,
        width=width,
    )


def first_value(timestep: Any) -> float:
    """A timestep as pipelines hand it over: a number, or a tensor with one for all or one each."""
    return float(timestep.flatten()[0] if isinstance(timestep, Tensor) else timestep)


def progress(pipe: Any, timestep: Any) -> float:
    """How far from noise (0) to picture (1) a timestep lies, whatever the scheduler makes of it."""
    return 1 - first_value(timestep) / pipe.scheduler.config.num_train_timesteps


def differences(trained: Sampling, running: Sampling) -> list[str]:
    """What differs, each as one phrase; empty when the adapter was made for these conditions."""
    pairs = {name: (getattr(trained, name), getattr(running, name)) for name in Sampling.model_fields}
    return [f"{name} {there} there, {here} here" for name, (there, here) in pairs.items() if not _same(there, here)]


def _same(there: float | str, here: float | str) -> bool:
    if isinstance(there, str) or isinstance(here, str):
        return there == here
    return math.isclose(there, here, rel_tol=1e-4)  # schedulers round their first timestep in fp32
