"""A scene as pixels: sprites on a plain background, 64 x 64."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from training.emoji.icons import sprite
from training.emoji.scene import Scene
from training.emoji.vocabulary import Vocabulary

SIZE_PX = 64
SINGLE_PX = (46, 57)
"""Width of a lone emoji, from and below."""
PAIR_PX = (29, 33)
"""Width of each emoji of a pair, from and below."""


def draw_picture(words: Vocabulary, scene: Scene, rng: np.random.Generator, *, omit: int | None = None) -> np.ndarray:
    """The scene as `[64, 64, 3]` uint8, sizes and places at random; the place of object `omit` is left empty."""
    canvas = Image.new("RGBA", (SIZE_PX, SIZE_PX), words.backgrounds[scene.background])
    slot = SIZE_PX // max(1, len(scene.concepts))
    low, high = PAIR_PX if len(scene.concepts) > 1 else SINGLE_PX
    for position, concept in enumerate(scene.concepts):
        size = int(rng.integers(low, high))
        x = position * slot + int(rng.integers(0, max(1, slot - size + 1)))
        y = int(rng.integers(0, SIZE_PX - size + 1))
        if len(scene.concepts) > 1:  # the middle third: a pair stands on one line
            y = SIZE_PX // 2 - size // 2 + int(rng.integers(-6, 7))
        if position != omit:
            canvas.alpha_composite(sprite(words.styles[scene.style], words.concepts[concept].icon, size), (x, y))
    return np.asarray(canvas.convert("RGB"))


def to_tensor(pictures: list[np.ndarray]) -> Tensor:
    """`[batch, 3, 64, 64]` in [-1, 1], as the VAE wants it."""
    stacked = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)
    return stacked.float() / 127.5 - 1
