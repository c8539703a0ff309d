"""Noise that all prompts share, to read features from.

At the first step a picture is noise alone, and which noise it is makes about half of what features differ by (docs/decisions/shared-noise.md).
Read from noise that is always the same they differ by the prompt alone.
"""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from gie.call import Call, read_call
from gie.families import Family


def shared_noise(like: Tensor, number: int, *, channels: int | None) -> Tensor:
    """The noise of this number in place of the latents `like` `[rows, ...]`, the same in every row.

    The denoiser's input at its first timestep has variance 1 with every scheduler, and so has this.

    Args:
        like: what the denoiser was called with.
        number: which noise, 0 or more.
        channels: how many of its channels are noisy; the others, of an inpainting UNet, stay. None: all.
    """
    drawn = torch.randn(
        like.shape[1:], generator=torch.Generator().manual_seed(number)
    )  # on the CPU: the same everywhere
    noise = drawn.to(like).expand_as(like)
    if channels is None or channels >= like.shape[1]:
        return noise
    return torch.cat([noise[:, :channels], like[:, channels:]], dim=1)


def from_shared_noise(call: Call, number: int, denoiser: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of the same call from the noise of this number."""
    channels = denoiser.config.get("out_channels") if call.sample.ndim == 4 else None  # FLUX has rows of patches
    return call.with_sample(shared_noise(call.sample, number, channels=channels))


@contextmanager
def starting_from(denoiser: Any, number: int, family: Family) -> Generator[None]:
    """Inside, every call of the denoiser is from the noise of this number."""

    def replace(_module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return from_shared_noise(read_call(args, kwargs, family), number, denoiser)

    hook = denoiser.register_forward_pre_hook(torch.compiler.disable(replace), with_kwargs=True)
    try:
        yield
    finally:
        hook.remove()
