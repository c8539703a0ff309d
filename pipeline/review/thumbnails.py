"""Small pictures: hundreds fit in a page, and each is large enough to judge."""

import base64
import io

from PIL.Image import Image

SIZE_PX = 192
QUALITY = 88


def thumbnail(image: Image) -> bytes:
    """WebP, at most `SIZE_PX` wide and high."""
    small = image.convert("RGB")
    small.thumbnail((SIZE_PX, SIZE_PX))
    stored = io.BytesIO()
    small.save(stored, "WEBP", quality=QUALITY, method=4)
    return stored.getvalue()


def inside(webp: bytes) -> str:
    """The picture as a `data:` address."""
    return "data:image/webp;base64," + base64.b64encode(webp).decode()
