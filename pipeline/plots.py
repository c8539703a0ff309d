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
    curve = [(scale, *(round(rate(summary, fixed(scale), name), 4) for name in MEASURES)) for scale in scales(summary)]
    _write(folder / "scale.csv", ("scale", *MEASURES), curve)
    _write(folder / "training.csv", ("epoch", "train", "val"), [(at.epoch, at.train, at.val) for at in history])


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[float]]) -> None:
    with replaced_file(path) as aside, aside.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
