"""docs/troubleshooting.md quotes what the code says: a message that changed is found here."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
QUOTED = re.compile(r"^\| ((?:`[^`]+`(?: or )?)+)", re.MULTILINE)
PLACE = r"\b(?:[A-Z]{2,}|NAME|train|16|401|403|429|500|torch)\b|\.\.\.\?"
"""Words of the page that stand for a value."""


def quotes(page: str) -> list[str]:
    """What stands in backticks in a table's first column and begins a message of ours."""
    cells = [part for cell in QUOTED.findall(page) for part in re.findall(r"`([^`]+)`", cell)]
    return [cell for cell in cells if cell.startswith(("expected", "unknown key"))]


def test_quoted_messages_are_in_the_code() -> None:
    """Piece by piece between the values."""
    code = "".join(path.read_text("utf-8") for name in ("gie", "pipeline") for path in (ROOT / name).rglob("*.py"))
    text = re.sub(r"\"\s*\n\s*f?\"", "", code)  # strings that go on in the next line
    found = quotes((ROOT / "docs" / "troubleshooting.md").read_text("utf-8"))
    assert len(found) > 8
    for quote in found:
        for piece in re.split(PLACE, quote):
            assert piece.strip(" ,(") in text, quote
