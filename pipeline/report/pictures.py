"""Pictures inside the page: small enough that hundreds fit, sharp enough to judge."""

import base64
import io

from PIL import Image

THUMBNAIL_PX = 160
QUALITY = 88


def data_uri(png: bytes) -> str:
    """The picture as a `data:` address, at most `THUMBNAIL_PX` wide, WebP."""
    with Image.open(io.BytesIO(png)) as picture:
        small = picture.convert("RGB")
        small.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX))
        stored = io.BytesIO()
        small.save(stored, "WEBP", quality=QUALITY, method=4)
    return "data:image/webp;base64," + base64.b64encode(stored.getvalue()).decode()
