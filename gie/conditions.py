"""Under which conditions a generation runs, and whether an adapter was made for them.

Features and labels belong to the first timestep, scheduler, steps, guidance, size and length of the text that the recipe rendered with.
Elsewhere the adapter's answer is a guess, so it is compared at the beginning of every generation.
"""

import math
from typing import Any

from gie.adapter_config import Sampling
from gie.call import Call
from gie.encoding import chosen_length


def read_conditions(pipe: Any, call: Call, config: Any) -> Sampling:
    """The running generation's conditions, from its first call of the denoiser, which has this config."""
    guided = is_guided(pipe) or reads_guidance(config)
    height, width = (side * pipe.vae_scale_factor for side in call.size)
    return Sampling(
        first_timestep=call.timestep,
        scheduler=type(pipe.scheduler).__name__,
        steps=pipe.scheduler.num_inference_steps,
        guidance=float(pipe.guidance_scale) if guided else 1.0,  # 1 = no guidance
        height=height,
        width=width,
        max_sequence_length=chosen_length(pipe, call.context),
    )


def is_guided(pipe: Any) -> bool:
    """Whether a call of the denoiser has unconditional rows; a pipeline that does not say so never puts them there."""
    return bool(getattr(pipe, "do_classifier_free_guidance", False))


def reads_guidance(config: Any) -> bool:
    """Whether a denoiser of this config was distilled with guidance (LCM, FLUX.1-dev) and reads the scale itself."""
    return bool(config.get("time_cond_proj_dim") or config.get("guidance_embeds"))


def progress(pipe: Any, timestep: float) -> float:
    """How far from noise (0) to picture (1) a timestep lies, whatever the scheduler makes of it."""
    return 1 - timestep / pipe.scheduler.config.num_train_timesteps


def differences(trained: Sampling, running: Sampling) -> list[str]:
    """What differs, each as one phrase; empty when the adapter was made for these conditions."""
    pairs = {name: (there, getattr(running, name)) for name, there in trained if there is not None}
    return [f"{name} {there} there, {here} here" for name, (there, here) in pairs.items() if not _same(there, here)]


def _same(there: float | str, here: float | str) -> bool:
    if isinstance(there, str) or isinstance(here, str):
        return there == here
    return math.isclose(there, here, rel_tol=1e-4)  # schedulers round their first timestep in fp32
