"""Trains the evaluator on labelled renderings, their VAE round trips, and negatives that show nothing.

Negatives: broken pixels, decoded latent garbage, half-erased objects, empty backgrounds, pairs with one of them missing.
"""

from dataclasses import dataclass

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import Tensor, nn

from training.emoji.broken import break_picture
from training.emoji.evaluator import FOUND, Evaluator, EvaluatorConfig
from training.emoji.latents import decode, encode
from training.emoji.loop import Training, train
from training.emoji.picture import draw_picture, to_tensor
from training.emoji.scene import EMPTY, PAIR, Scene, draw_scene
from training.emoji.vocabulary import Vocabulary

STEPS = 1500
BATCH = 80
HELD_OUT = 3000
"""Renderings, never seen in training, on which its accuracy is measured."""
BROKEN, LATENT_BROKEN, OMITTED = 0.12, 0.14, 0.4
"""Shares: pictures broken in pixels; broken in latents; pairs of which one is missing."""
ROUND_TRIP = 0.6
"""Share of the batch that goes through the VAE, since every picture to be judged comes out of it."""


@dataclass(frozen=True)
class Labelled:
    """A batch with what is to be seen on it."""

    pixels: Tensor
    """`[batch, 3, 64, 64]` in [-1, 1]."""
    concepts: Tensor
    """`[batch, concepts]`, 1 where the concept is there."""
    style: Tensor
    """`[batch]` index, -100 where nothing has a style."""
    background: Tensor
    """`[batch]` index, -100 where there is no picture."""
    quality: Tensor
    """`[batch]`, 1 = a picture of something."""


def fit_evaluator(words: Vocabulary, vae: AutoencoderKL) -> Evaluator:
    """Train it and set its quality threshold on real reference pictures."""
    torch.manual_seed(3)
    config = EvaluatorConfig(tuple(words.concepts), tuple(words.styles), tuple(words.backgrounds))
    evaluator = Evaluator(config)

    def loss(step: int) -> Tensor:
        batch = draw_labelled(words, vae, np.random.default_rng([3, step]))
        return multi_label_loss(evaluator(batch.pixels), batch)

    train(evaluator, Training("evaluator", loss, STEPS, peak_rate=2e-3))
    evaluator.config = EvaluatorConfig(
        config.concepts, config.styles, config.backgrounds, _quality_threshold(words, vae, evaluator)
    )
    return evaluator


def multi_label_loss(logits: list[Tensor], batch: Labelled) -> Tensor:
    """Binary cross entropy of concepts (summed) and quality, cross entropy of style and background."""
    concepts, styles, backgrounds, quality = logits
    binary, choice = nn.functional.binary_cross_entropy_with_logits, nn.functional.cross_entropy
    return (
        binary(concepts, batch.concepts, reduction="none").sum(1).mean()
        + binary(quality[:, 0], batch.quality)
        + 0.5 * choice(styles, batch.style)
        + 0.5 * choice(backgrounds, batch.background)
    )


def draw_labelled(words: Vocabulary, vae: AutoencoderKL, rng: np.random.Generator, count: int = BATCH) -> Labelled:
    """A random batch, negatives among it."""
    scenes = [draw_scene(words, rng) for _ in range(count)]
    omitted = [int(rng.integers(2)) if s.kind == PAIR and rng.random() < OMITTED else None for s in scenes]
    pictures = [draw_picture(words, s, rng, omit=o) for s, o in zip(scenes, omitted, strict=True)]
    broken = np.array([s.kind != EMPTY and rng.random() < BROKEN for s in scenes])
    pictures = [break_picture(p, rng) if b else p for p, b in zip(pictures, broken, strict=True)]
    pixels = to_tensor(pictures)
    latent_broken = ~broken & (rng.random(count) < LATENT_BROKEN) & np.array([s.kind != EMPTY for s in scenes])
    pixels = _through_vae(pixels, vae, latent_broken, rng)
    nothing = broken | latent_broken
    return Labelled(pixels=pixels, **_targets(words, scenes, omitted, nothing))


def _targets(
    words: Vocabulary, scenes: list[Scene], omitted: list[int | None], nothing: np.ndarray
) -> dict[str, Tensor]:
    names, styles, backgrounds = list(words.concepts), list(words.styles), list(words.backgrounds)
    concepts = torch.zeros(len(scenes), len(names))
    style = torch.full((len(scenes),), -100)
    background = torch.full((len(scenes),), -100)
    for row, scene in enumerate(scenes):
        if nothing[row]:
            continue
        background[row] = backgrounds.index(scene.background)
        for position, concept in enumerate(scene.concepts):
            if position != omitted[row]:
                concepts[row, names.index(concept)] = 1
                style[row] = styles.index(scene.style)
    return {"concepts": concepts, "style": style, "background": background, "quality": concepts.amax(1)}


@torch.no_grad()
def _through_vae(pixels: Tensor, vae: AutoencoderKL, broken: np.ndarray, rng: np.random.Generator) -> Tensor:
    """Round trip of a share of the pictures; the `broken` ones with their latents spoilt on the way."""
    through = torch.from_numpy(broken | (rng.random(len(pixels)) < ROUND_TRIP))
    if not through.any():
        return pixels
    latents = encode(vae, pixels[through])
    spoilt = torch.from_numpy(broken)[through]
    latents[spoilt] = _spoil(latents, rng, float(latents.std()))[spoilt]
    result = pixels.clone()
    result[through] = decode(vae, latents).clamp(-1, 1)
    return result


def _spoil(latents: Tensor, rng: np.random.Generator, deviation: float) -> Tensor:
    """Each latent in one of four ways: noise added, pure noise, faded to its corner, patches of it shuffled."""
    count, _, height, width = latents.shape
    noise = torch.from_numpy(rng.standard_normal(tuple(latents.shape))).float() * deviation
    keep = torch.from_numpy(rng.uniform(0.1, 0.5, (count, 1, 1, 1))).float()
    noisy = latents * keep + noise * (1 - keep)
    faded = latents * keep * 0.6 + latents[:, :, :1, :1] * (1 - keep * 0.6)
    order = torch.from_numpy(np.argsort(rng.random((count, height * width)), axis=1))
    shuffled = latents.flatten(2).gather(2, order[:, None].expand(-1, latents.shape[1], -1)).view_as(latents)
    ways = torch.stack([noisy, noise, faded, shuffled])
    return ways[torch.from_numpy(rng.integers(0, len(ways), count)), torch.arange(count)]


def _quality_threshold(words: Vocabulary, vae: AutoencoderKL, evaluator: Evaluator) -> float:
    """The quality that 99 % of real pictures, once through the VAE, reach; at most `FOUND`."""
    rng = np.random.default_rng([3, STEPS])
    scenes = [draw_scene(words, rng, kind) for kind in ("single", "pair") for _ in range(500)]
    pixels = to_tensor([draw_picture(words, scene, rng) for scene in scenes])
    with torch.no_grad():
        decoded = decode(vae, encode(vae, pixels))
    quality = evaluator.score_pixels(decoded.clamp(-1, 1)).quality
    return round(min(FOUND, float(np.quantile(quality, 0.01))), 4)
