"""What must not be kept or shown: the key, and pictures in base64."""

import re

PICTURE = re.compile(r"(?:data:[\w/+.\\-]*;base64,)?(?:[A-Za-z0-9+/]|\\/){200,}={0,2}")
KEYLIKE = re.compile(r"\b(?:sk-[\w*-]{8,}|Bearer\s+[^\s\"']+)")


def scrub(text: str, key: str = "") -> str:
    """The text without the key, anything that looks like one, and encoded pictures; servers echo what they were sent."""
    if len(key) >= 4:
        text = text.replace(key, "(key)")
    return PICTURE.sub("(base64)", KEYLIKE.sub("(key)", text))
