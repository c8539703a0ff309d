"""The figures about learning: what the layers show the adapter (the paper's Figure 3), and how it was fitted."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from pipeline.report.charts import Axis, Frame, band, line
from pipeline.report.findings import Epoch, Findings
from pipeline.tables import Feature


def layer_curves(findings: Findings) -> list[tuple[str, str]]:
    """For each layer its name and its mean attention to the concept over the injected w, with the middle half."""
    by_scale = _features_by_scale(findings.features)
    injected = sorted(by_scale, reverse=True)
    quartiles = np.stack([np.percentile(by_scale[scale], [25, 75], axis=0) for scale in injected])  # [scales, 2, layers]
    means = np.stack([by_scale[scale].mean(axis=0) for scale in injected])  # [scales, layers]
    return [
        (name, _small_curve(injected, means[:, layer], quartiles[:, :, layer], name))
        for layer, name in enumerate(findings.layers)
    ]


def training_curve(history: Sequence[Epoch]) -> str:
    """Error on train and val over the epochs."""
    top = max(max(point.train, point.val) for point in history)
    last = history[-1].epoch
    ticks = [round(top * share, 1 - int(np.floor(np.log10(top)))) for share in (0, 0.25, 0.5, 0.75, 1)]
    frame = Frame(Axis(0, last, _round_ticks(last), "epoch", "{:g}".format), Axis(0, top * 1.06, ticks, "squared error", "{:g}".format), height=270)
    curves = {"train": [(float(point.epoch), point.train) for point in history],
              "val": [(float(point.epoch), point.val) for point in history]}  # fmt: skip
    return frame.draw(*(line(frame, curve, role) for role, curve in curves.items()), title="Training curve")


def _features_by_scale(features: Iterable[Feature]) -> dict[float, np.ndarray]:
    """Injected w -> `[prompts x tokens, layers]`."""
    values: dict[float, list[tuple[float, ...]]] = defaultdict(list)
    for feature in features:
        values[feature.injected].append(feature.values)
    return {injected: np.array(rows) for injected, rows in values.items()}


def _small_curve(injected: Sequence[float], mean: np.ndarray, quartiles: np.ndarray, name: str) -> str:
    low, high = float(quartiles.min()), float(quartiles.max())
    room = (high - low or 1.0) * 0.08
    x = Axis(injected[0], injected[-1], [injected[0], 0.0, injected[-1]], "")
    y = Axis(low - room, high + room, [low, high], "", "{:.3f}".format)
    frame = Frame(x, y, width=220, height=120, margins=(8, 8, 22, 42))
    edges = [list(zip(injected, quartiles[:, side].tolist(), strict=True)) for side in (0, 1)]
    middle = line(frame, list(zip(injected, mean.tolist(), strict=True)), "feature")
    return frame.draw(band(frame, *edges, "feature"), middle, title=f"Mean attention to the concept in {name}")


def _round_ticks(last: int) -> list[float]:
    step = max(1, last // 4)
    return [float(tick) for tick in range(0, last + 1, step)]
