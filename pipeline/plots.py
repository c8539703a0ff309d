"""The curves as CSV, for `dvc plots`: outcomes over the scale, error over the epochs."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from pipeline.files import replaced_file
from pipeline.policies import fixed
from pipeline.report.figures import MEASURES, rate, scales
from pipeline.report.findings import Epoch
from pipeline.summary import Summary


def write_plots(folder: Path, summary: Summary, history: Sequence[Epoch]) -> None:
    """`scale.csv` and `training.csv`."""
    curve = [(scale, *(_rounded(rate(summary, fixed(scale), name)) for name in MEASURES)) for scale in scales(summary)]
    _write(folder / "scale.csv", ("scale", *MEASURES), curve)
    _write(folder / "training.csv", ("epoch", "train", "val"), [(at.epoch, at.train, at.val) for at in history])


def _rounded(share: float | None) -> float | str:
    """Nothing in the cell where nothing was measured."""
    return "" if share is None else round(share, 4)


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[float | str]]) -> None:
    with replaced_file(path) as aside, aside.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
