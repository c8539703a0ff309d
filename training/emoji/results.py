"""The measured quality as a table for the README."""

import json
from pathlib import Path

from training.emoji.card import ROWS
from training.emoji.quality import BARS, GUIDANCE, SEEDS, STEPS

RESULTS = Path("docs/results/emoji-sd.json")


def write_results(table: dict[str, float], path: Path = RESULTS) -> None:
    """Write the rows of the model card in the form that `checks.readme` prints."""
    content = {
        "made_by": "make emoji-sd",
        "columns": [
            {"name": "share of pictures where", "form": "text"},
            {"name": "measured", "form": "percent"},
            {"name": "bar", "form": "percent"},
        ],
        "rows": [[text, table[name], BARS[name]] for name, text in ROWS.items()],
        "notes": [
            f"{SEEDS} seeds a prompt, {STEPS} steps, guidance {GUIDANCE:g}, counted by the evaluator, a network of its own."
        ],
        "pictures": [
            {
                "file": "data/models/emoji-sd/contact-sheet.png",
                "text": "What emoji-sd draws: each concept, implied, pairs",
            }
        ],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n")
