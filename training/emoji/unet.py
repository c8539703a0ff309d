"""The UNet of emoji-sd: Stable Diffusion 1's topology with its 16 cross-attentions, 11 M parameters, epsilon prediction.

Trained on a pool of latents that is made once, with the loss weighted by min-SNR (Hang et al. 2023, gamma 5) and an
exponential moving average of the weights.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from diffusers import AutoencoderKL, DDPMScheduler, UNet2DConditionModel
from diffusers.training_utils import EMAModel, compute_snr
from torch import Tensor
from tqdm import tqdm
from transformers import CLIPTextModel, CLIPTokenizer

from training.emoji.latents import encode
from training.emoji.loop import CHECKPOINTS, Training, train
from training.emoji.picture import draw_picture, to_tensor
from training.emoji.scene import draw_scene
from training.emoji.vocabulary import Vocabulary

STEPS = 5_400
BATCH = 64
POOL = 48_000
"""Pictures in the pool."""
SHAPE: dict[str, Any] = {
    "sample_size": 8,
    "block_out_channels": (64, 96, 128, 128),
    "layers_per_block": 2,
    "attention_head_dim": 8,
    "down_block_types": ("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
    "up_block_types": ("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
}
UNCAPTIONED = 0.1
"""Share of captions left empty, for classifier-free guidance."""
SNR_GAMMA = 5.0
PEAK_RATE = 1e-3
EMA_DECAY = 0.999

TIMESTEPS = 1000
NOISE: dict[str, Any] = {
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "num_train_timesteps": TIMESTEPS,
}
"""Stable Diffusion 1's noise schedule."""


@dataclass(frozen=True)
class Pool:
    """Everything the UNet is trained on."""

    latents: Tensor
    """`[pictures, 16, 8, 8]` fp16, scaled to unit variance."""
    tokens: Tensor
    """`[pictures, 28]` caption ids."""


def build_unet(vae: AutoencoderKL, text_encoder: CLIPTextModel) -> UNet2DConditionModel:
    """A UNet with random weights for these latents and this text encoder."""
    torch.manual_seed(4)
    channels = cast("Any", vae.config).latent_channels
    fits: dict[str, Any] = {
        "in_channels": channels,
        "out_channels": channels,
        "cross_attention_dim": text_encoder.config.hidden_size,
    }
    return UNet2DConditionModel(**SHAPE, **fits)


def train_unet(
    words: Vocabulary, tokenizer: CLIPTokenizer, text_encoder: CLIPTextModel, vae: AutoencoderKL
) -> UNet2DConditionModel:
    """Train on the pool; the result holds the averaged weights."""
    pool = make_pool(words, tokenizer, vae)
    unet = build_unet(vae, text_encoder)
    average = EMAModel(unet.parameters(), decay=EMA_DECAY)
    scheduler = DDPMScheduler(**NOISE)
    empty = tokenizer("", padding="max_length", return_tensors="pt").input_ids

    def loss(step: int) -> Tensor:
        rng = np.random.default_rng([4, step])
        rows = torch.from_numpy(rng.integers(0, len(pool.latents), BATCH))
        uncaptioned = torch.from_numpy(rng.random(BATCH) < UNCAPTIONED)
        tokens = torch.where(uncaptioned[:, None], empty, pool.tokens[rows])
        with torch.no_grad():
            states = text_encoder(tokens).last_hidden_state
        return denoising_loss(unet, scheduler, pool.latents[rows].float(), states, rng)

    return train(unet, Training("unet", loss, STEPS, PEAK_RATE, average=average))


def denoising_loss(
    unet: UNet2DConditionModel, scheduler: DDPMScheduler, latents: Tensor, states: Tensor, rng: np.random.Generator
) -> Tensor:
    """min-SNR weighted MSE of the predicted noise."""
    noise = torch.from_numpy(rng.standard_normal(tuple(latents.shape))).float()
    timesteps = torch.from_numpy(rng.integers(0, TIMESTEPS, len(latents)))
    noisy = scheduler.add_noise(latents, noise, cast("Any", timesteps))
    predicted: Tensor = unet(noisy, timesteps, states).sample
    snr = compute_snr(scheduler, timesteps)
    weights = snr.clamp(max=SNR_GAMMA) / snr
    return (weights * (predicted - noise).square().mean(dim=(1, 2, 3))).mean()


@torch.no_grad()
def make_pool(words: Vocabulary, tokenizer: CLIPTokenizer, vae: AutoencoderKL, folder: Path = CHECKPOINTS) -> Pool:
    """Draw, encode and keep the pool, or read it back."""
    path = folder / "pool.pt"
    if path.exists():
        return Pool(**torch.load(path, weights_only=True))
    rng = np.random.default_rng(4)
    scaling_factor = float(cast("Any", vae.config).scaling_factor)
    latents: list[Tensor] = []
    captions: list[str] = []
    for _ in tqdm(range(POOL // BATCH), "pool", mininterval=2):
        scenes = [draw_scene(words, rng) for _ in range(BATCH)]
        pixels = to_tensor([draw_picture(words, scene, rng) for scene in scenes])
        latents.append((encode(vae, pixels) * scaling_factor).half())
        captions += [scene.caption for scene in scenes]
    tokens = tokenizer(captions, padding="max_length", return_tensors="pt").input_ids
    pool = Pool(torch.cat(latents), tokens)
    torch.save({"latents": pool.latents, "tokens": pool.tokens}, path)
    return pool
