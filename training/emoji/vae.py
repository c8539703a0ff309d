"""The autoencoder of emoji-sd: 64 x 64 pixels to 8 x 8 latents of 16 channels.

First the coarse shapes, by L1 on pixels and on their differences to the neighbours; then the details, by squared error,
since L1 alone settles for the median and lets faces and wings fade. A little KL: a weight of 2e-5 collapses it; 4 or 8
channels lose the faces.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import Tensor, nn

from training.emoji.broken import break_picture
from training.emoji.latents import decode, encode, posterior
from training.emoji.loop import Training, train
from training.emoji.picture import SIZE_PX, draw_picture, to_tensor
from training.emoji.scene import draw_scene
from training.emoji.vocabulary import Vocabulary

COARSE_STEPS, FINE_STEPS = 3800, 2600
SQUARED_WEIGHT = 6.0
"""Weight of the squared error beside L1 in the second part."""
BATCH = 24
SHAPE: dict[str, Any] = {
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "block_out_channels": (16, 32, 64, 96),
    "layers_per_block": 1,
    "latent_channels": 16,
    "norm_num_groups": 8,
    "sample_size": SIZE_PX,
}
KL_WEIGHT = 1e-6
EDGE_WEIGHT = 0.5
BROKEN = 0.04
"""Share of broken pictures, so that latents between the emoji decode to something."""


def build_vae() -> AutoencoderKL:
    """An AutoencoderKL with random weights, factor 8."""
    torch.manual_seed(0)
    return AutoencoderKL(**SHAPE)


def train_vae(words: Vocabulary) -> AutoencoderKL:
    """Train in two parts, then measure the scaling factor (1 / standard deviation of the latents) into its config."""
    vae = build_vae()
    coarse = Training("vae", _loss(words, vae, 0, coarse_loss), COARSE_STEPS, peak_rate=2e-3, weight_decay=0.0)
    fine = Training("vae-fine", _loss(words, vae, 1, fine_loss), FINE_STEPS, peak_rate=1.5e-3, weight_decay=0.0)
    train(vae, coarse)
    train(vae.requires_grad_(True), fine)
    vae.register_to_config(scaling_factor=measure_scaling_factor(words, vae))
    return vae


def _loss(
    words: Vocabulary, vae: AutoencoderKL, part: int, distance: Callable[[Tensor, Tensor], Tensor]
) -> Callable[[int], Tensor]:
    """Step -> loss: `distance` of the reconstruction plus the KL term, on batches of this part's own."""

    def loss(step: int) -> Tensor:
        rng = np.random.default_rng([2, part, step])
        pixels = draw_pixels(words, rng, BATCH)
        gaussian = posterior(vae, pixels)
        noise = torch.from_numpy(rng.standard_normal(tuple(gaussian.mean.shape))).float()
        decoded = decode(vae, gaussian.mean + gaussian.std * noise)
        return distance(decoded, pixels) + KL_WEIGHT * gaussian.kl().mean()

    return loss


def draw_pixels(words: Vocabulary, rng: np.random.Generator, count: int) -> Tensor:
    """`[count, 3, 64, 64]` in [-1, 1]: random scenes, some of them broken."""
    pictures = [draw_picture(words, draw_scene(words, rng), rng) for _ in range(count)]
    return to_tensor([break_picture(p, rng) if rng.random() < BROKEN else p for p in pictures])


def coarse_loss(decoded: Tensor, pixels: Tensor) -> Tensor:
    """L1 of the pixels plus L1 of their differences to the right and lower neighbour."""
    l1 = nn.functional.l1_loss
    edges = [l1(decoded.diff(dim=axis), pixels.diff(dim=axis)) for axis in (2, 3)]
    return l1(decoded, pixels) + EDGE_WEIGHT * torch.stack(edges).sum()


def fine_loss(decoded: Tensor, pixels: Tensor) -> Tensor:
    """Squared error beside L1."""
    return nn.functional.l1_loss(decoded, pixels) + SQUARED_WEIGHT * nn.functional.mse_loss(decoded, pixels)


@torch.no_grad()
def measure_scaling_factor(words: Vocabulary, vae: AutoencoderKL) -> float:
    """1 / standard deviation of the latents of 512 pictures; with it the UNet sees unit variance."""
    pixels = draw_pixels(words, np.random.default_rng([2, 2]), 512)
    return round(1 / float(encode(vae, pixels).std()), 5)
