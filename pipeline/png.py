"""Pictures as the tables keep them: PNG bytes, without loss and without a time stamp."""

import io

from PIL import Image


def encode_png(image: Image.Image) -> bytes:
    """The picture as a file's content."""
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()


def open_picture(png: bytes) -> Image.Image:
    """The decoded picture, RGB; the inverse of `encode_png` for RGB pictures."""
    with Image.open(io.BytesIO(png)) as picture:
        return picture.convert("RGB")
