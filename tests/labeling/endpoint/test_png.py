"""What is sent is the picture, bit for bit."""

import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from labeling.endpoint.png import write_png


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1), st.sampled_from(["RGB", "L", "RGBA"]))
def test_pillow_reads_what_was_written(width: int, height: int, seed: int, mode: str) -> None:
    """Of any size, with any pixels, whatever the picture's mode was."""
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 4), np.uint8)
    picture = Image.fromarray(noise).convert(mode)
    with Image.open(io.BytesIO(write_png(picture))) as read:
        read.load()
        assert read.format == "PNG"
        assert np.array_equal(np.asarray(read), np.asarray(picture.convert("RGB")))


def test_it_is_no_larger_than_pillow_s() -> None:
    """By more than a third, on a picture with soft shapes."""
    picture = Image.effect_noise((32, 32), 80).resize((256, 256), Image.Resampling.BICUBIC).convert("RGB")
    file = io.BytesIO()
    picture.save(file, "PNG")
    assert len(write_png(picture)) < 1.35 * len(file.getvalue())
