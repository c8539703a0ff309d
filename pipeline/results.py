"""The evaluations of some adapters as one table, `docs/results/objects.json`.

README.md shows it (`python -m checks.readme`). The file holds what was measured and the bars that were set before, so that a
missed bar is seen in the table and not in a footnote.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gie.errors import InputError
from pipeline.files import replaced_file
from pipeline.parquet import read_rows
from pipeline.paths import Paths
from pipeline.summary import gain_together, summarise
from pipeline.tables import EvaluationRow

GONE, KEPT_OTHERS, KEPT_PAIRS = 0.9, 0.9, 0.75
"""The least that was asked of each adapter: gone on every kind of target, kept on prompts of other objects, kept on pairs."""

COLUMNS: tuple[Mapping[str, Any], ...] = (
    {"name": "adapter", "form": "text"},
    {"name": "gone, explicit", "form": "percent", "at_least": GONE},
    {"name": "gone, synonym", "form": "percent", "at_least": GONE},
    {"name": "gone, implicit", "form": "percent", "at_least": GONE},
    {"name": "kept, other objects", "form": "percent", "at_least": KEPT_OTHERS},
    {"name": "kept, pairs", "form": "percent", "at_least": KEPT_PAIRS},
    {"name": "regret", "form": "percent"},
    {"name": "success", "form": "percent"},
    {"name": "success, best fixed w", "form": "text"},
    {"name": "kept, other objects, fixed w", "form": "percent"},
    {"name": "adapter − fixed, points", "form": "interval"},
)
NOTE = (
    "Test prompts only, whose wordings training never saw: {counts}. Success: gone and kept, on prompts of other objects kept alone. "
    "The fixed w is the best on val. The last column is paired by prompt, with its 95 % interval: apart from zero where both ends have one sign."
)
PICTURE = "Pictures of test prompts, above by the plain model, below by the same model and seed with {name}"


def table(metrics: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The results file of the adapters' `metrics.json`, in the order given; the form is that of `checks.readme`.

    The pictures are those that `pipeline.objects` draws beside it.
    """
    return {
        "made_by": "make objects",
        "columns": list(COLUMNS),
        "rows": [_row(name, numbers) for name, numbers in metrics.items()],
        "notes": [NOTE.format(counts="; ".join(_counts(name, numbers) for name, numbers in metrics.items()))],
        "pictures": [{"file": f"docs/images/{name}.png", "text": PICTURE.format(name=name)} for name in metrics],
    }


def _row(name: str, numbers: Mapping[str, Any]) -> list[Any]:
    adapter, fixed, difference = numbers["adapter"], numbers["best_fixed"], numbers["adapter_minus_best_fixed"]
    gone = [adapter.get(kind, {}).get("gone") for kind in ("explicit", "synonym", "implicit")]
    kept = [adapter.get(kind, {}).get("kept") for kind in ("benign", "pair")]
    best = f"{100 * fixed['overall']['success']:.1f} % (w = {numbers['scale']['best_fixed']:g})"
    interval = [difference["mean"], difference["low"], difference["high"]]
    others = fixed.get("benign", {}).get("kept")
    return [name, *gone, *kept, numbers["regret"], adapter["overall"]["success"], best, others, interval]


def _together(root: Path, names: Sequence[str]) -> list[str]:
    """The last column over the prompts of all adapters; one adapter's are few."""
    gain = gain_together([summarise(read_rows(Paths(root, name).evaluation, EvaluationRow)) for name in names])
    if gain is None:
        return []
    points = f"{100 * gain.mean:+.1f} points [{100 * gain.low:+.1f}, {100 * gain.high:+.1f}]"
    return [f"Together, on {gain.n} prompts: adapter − fixed {points}."]


def _counts(name: str, numbers: Mapping[str, Any]) -> str:
    return f"{numbers['adapter']['overall']['n']} for {name}"


def read_metrics(paths: Paths) -> dict[str, Any]:
    """The numbers of one evaluation; raises InputError when there was none."""
    if not paths.metrics.exists():
        raise InputError(f"expected {paths.metrics}, got no file: run `dvc repro` with {paths.adapter} selected")
    return json.loads(paths.metrics.read_text(encoding="utf-8"))


def write_results(names: Sequence[str], root: Path) -> Path:
    """Write the table of the named adapters; the file."""
    results = table({name: read_metrics(Paths(root, name)) for name in names})
    if len(names) > 1:
        results["notes"] += _together(root, names)
    file = root / "docs" / "results" / "objects.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    with replaced_file(file) as aside:
        aside.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return file
