"""Broken pictures."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training.emoji.broken import WAYS

REFERENCE = Path(__file__).parents[3] / "data/emoji/reference"


@pytest.mark.parametrize("way", dict.fromkeys(WAYS), ids=lambda way: way.__name__)
def test_a_broken_picture_keeps_its_size_and_loses_its_object(way: Callable[..., np.ndarray]) -> None:
    """Same shape and type, and pixels far from the picture it was."""
    picture = np.asarray(Image.open(REFERENCE / "cat-noto.png").convert("RGB"))

    broken = way(picture, np.random.default_rng(0))

    assert broken.shape == picture.shape
    assert broken.dtype == np.uint8
    assert np.abs(broken.astype(int) - picture).mean() > 10


@pytest.mark.parametrize("way", dict.fromkeys(WAYS), ids=lambda way: way.__name__)
def test_the_same_seed_breaks_in_the_same_way(way: Callable[..., np.ndarray]) -> None:
    """Breaking depends on its generator alone."""
    picture = np.asarray(Image.open(REFERENCE / "car-fluent.png").convert("RGB"))

    first, second = (way(picture, np.random.default_rng(3)) for _ in range(2))

    np.testing.assert_array_equal(first, second)
