"""Pixels to latents and back, typed: diffusers declares the results of its autoencoders too loosely to be checked."""

from typing import Any, cast

import torch
from diffusers import AutoencoderKL
from torch import Tensor

CHUNK = 96
"""Pictures encoded or decoded at once."""


def posterior(vae: AutoencoderKL, pixels: Tensor) -> Any:
    """The diagonal Gaussian of `[N, 3, 64, 64]` pixels in [-1, 1]; gradients flow."""
    return cast("Any", vae.encode(pixels)).latent_dist


def encode(vae: AutoencoderKL, pixels: Tensor) -> Tensor:
    """Means `[N, 16, 8, 8]`, not scaled."""
    return torch.cat([posterior(vae, part).mean for part in pixels.split(CHUNK)])


def decode(vae: AutoencoderKL, latents: Tensor) -> Tensor:
    """Pixels `[N, 3, 64, 64]`, about [-1, 1], from latents that are not scaled; gradients flow."""
    return torch.cat([cast("Any", vae.decode(cast("Any", part))).sample for part in latents.split(CHUNK)])
