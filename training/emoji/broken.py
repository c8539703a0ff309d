"""Pictures that are none: blank, noise, smears, shuffled patches, half-erased objects.

CLIP learns to call them broken, and the evaluator learns that they show nothing and are no picture. Without them a
network that only ever saw clean emoji finds a cat in any smear.
"""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter

Picture = np.ndarray
"""`[64, 64, 3]` uint8."""


def noise(picture: Picture, rng: np.random.Generator) -> Picture:
    """Colour noise of a random grain, at most faintly tinted by the picture."""
    grain = int(rng.choice([1, 2, 4, 8, 16]))
    side = picture.shape[0] // grain
    coarse = rng.integers(0, 256, (side, side, 3)).astype(np.uint8)
    full = np.asarray(Image.fromarray(coarse).resize(picture.shape[:2], Image.Resampling.BICUBIC))
    share = rng.uniform(0.75, 1.0)
    return _clip(full * share + picture.mean(axis=(0, 1)) * (1 - share))


def smear(picture: Picture, rng: np.random.Generator) -> Picture:
    """A blur so strong that no object can be named."""
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(float(rng.uniform(6, 14)))))


def shuffle(picture: Picture, rng: np.random.Generator) -> Picture:
    """The picture's patches in random order."""
    patch = int(rng.choice([8, 16]))
    side = picture.shape[0] // patch
    patches = picture.reshape(side, patch, side, patch, 3).swapaxes(1, 2).reshape(-1, patch, patch, 3)
    patches = patches[rng.permutation(len(patches))]
    return patches.reshape(side, side, patch, patch, 3).swapaxes(1, 2).reshape(picture.shape)


def ripple(picture: Picture, rng: np.random.Generator) -> Picture:
    """Rows and columns displaced by strong waves: colours of the object, no shape of it."""
    size = picture.shape[0]
    y, x = np.mgrid[0:size, 0:size]
    wave = rng.uniform(9, 18) * np.sin(y / rng.uniform(2.0, 5.0) + rng.uniform(0, 6))
    swell = rng.uniform(9, 18) * np.sin(x / rng.uniform(2.0, 5.0) + rng.uniform(0, 6))
    return picture[(y + swell.astype(int)) % size, (x + wave.astype(int)) % size]


def stain(picture: Picture, rng: np.random.Generator) -> Picture:
    """What is left of a half-erased object: a few soft blobs of its colours on its background."""
    size = picture.shape[0]
    y, x = np.mgrid[0:size, 0:size]
    result = np.broadcast_to(picture[1, 1], picture.shape).astype(np.float32)
    for _ in range(int(rng.integers(2, 9))):
        center, radius = rng.uniform(8, size - 8, 2), rng.uniform(2, 11)
        mask = np.exp(-((((y - center[0]) ** 2 + (x - center[1]) ** 2) / radius**2) ** 2))[..., None]
        colour = picture[tuple(rng.integers(0, size, 2))].astype(np.float32) + rng.normal(0, 20, 3)
        result = result * (1 - mask) + colour * mask
    return _clip(result + rng.normal(0, rng.uniform(0, 8), picture.shape))


WAYS: list[Callable[[Picture, np.random.Generator], Picture]] = [noise, smear, shuffle, ripple, stain, stain]
"""The ways to break a picture; stains count twice, they are what suppression leaves behind."""


def break_picture(picture: Picture, rng: np.random.Generator) -> Picture:
    """One of the ways, at random."""
    return WAYS[int(rng.integers(len(WAYS)))](picture, rng)


def _clip(values: np.ndarray) -> Picture:
    return np.clip(values, 0, 255).astype(np.uint8)
