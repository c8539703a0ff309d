"""The page as one HTML file: style, script and data are inside, so that it can be kept, mailed and opened without a server.

Pictures are blurred until the reader asks to see them.
"""

import html
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from string import Template
from typing import Any

from labeling.agreement import Measured, compare, rank
from labeling.verdict import Label

FOLDER = Path(__file__).parent


def render(data: Mapping[str, Any], *, nonce: str = "") -> str:
    """The whole page.

    Args:
        data: what `page.js` reads: title, concept, token ("" for a page that nobody serves), strips, agreement.
        nonce: of the server's content policy.
    """
    parts = {
        "title": html.escape(data["title"]),
        "style": (FOLDER / "page.css").read_text(encoding="utf-8"),
        "script": (FOLDER / "page.js").read_text(encoding="utf-8"),
        # "</script>" in a prompt must not end the element that holds it.
        "data": json.dumps(data, ensure_ascii=False).replace("<", "\\u003c"),
        "nonce": nonce,
    }
    return Template((FOLDER / "page.html").read_text(encoding="utf-8")).substitute(parts)


def agreement(pairs: Iterable[tuple[Label, Label, Iterable[float]]]) -> dict[str, Any]:
    """How far people agree with the judge: each measure with its interval, null where it is not defined.

    Args:
        pairs: the judge's label, a person's, and the sweep's scales.
    """
    ranks = [(rank(a.outcome, a.scale, list(scales)), rank(b.outcome, b.scale, list(scales))) for a, b, scales in pairs]
    measured = compare([a for a, _ in ranks], [b for _, b in ranks])
    return {name: _plain(found) for name, found in measured.items()}


def _plain(found: Measured) -> dict[str, Any]:
    return {"value": found.value, "low": found.low, "high": found.high, "n": found.n}
