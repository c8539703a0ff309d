"""The figures about learning: what the layers show the adapter (the paper's Figure 3), and how it was fitted."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from pipeline.report.charts import Axis, Frame, band, line
from pipeline.report.findings import Epoch, Findings
from pipeline.tables import EOT, Feature


def layer_curves(findings: Findings) -> list[tuple[str, str]]:
    """For each layer its name and its mean attention to the concept over the injected w, with the middle half."""
    by_scale = _features_by_scale(findings.features)
    injected = sorted(by_scale, reverse=True)
    quartiles = np.stack(
        [np.percentile(by_scale[scale], [25, 75], axis=0) for scale in injected]
    )  # [scales, 2, layers]
    means = np.stack([by_scale[scale].mean(axis=0) for scale in injected])  # [scales, layers]
    return [
        (name, _small_curve(injected, means[:, layer], quartiles[:, :, layer], name))
        for layer, name in enumerate(findings.layers)
    ]


def training_curve(history: Sequence[Epoch]) -> str:
    """Loss on train and val over the epochs."""
    curves = {
        "train": [(float(point.epoch), point.train) for point in history],
        "val": [(float(point.epoch), point.val) for point in history],
    }
    top, last = max(loss for curve in curves.values() for _, loss in curve), history[-1].epoch
    x = Axis(0, max(1, last), round_ticks(last), "epoch", "{:g}".format)
    y = Axis(0, top * 1.06, round_ticks(top), "loss", "{:g}".format)
    frame = Frame(x, y, height=270)
    return frame.draw(*(line(frame, curve, role) for role, curve in curves.items()), title="Training curve")


def short_layer(name: str) -> str:
    """Side, then block, attention and transformer block: "up_blocks.1.attentions.2.transformer_blocks.0.attn2" -> "up 1.2.0"."""
    return " ".join([name.split("_", maxsplit=1)[0], ".".join(re.findall(r"\.(\d+)", name))])


def round_ticks(last: float) -> list[float]:
    """About four steps of 1, 2 or 5 times a power of ten, from 0 to `last`."""
    power = 10.0 ** np.floor(np.log10(max(last, 1e-9) / 4))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor * 5 > last)
    return [float(step * index) for index in range(int(last / step) + 1)]


def _features_by_scale(features: Iterable[Feature]) -> dict[float, np.ndarray]:
    """Injected w -> `[prompts x tokens, layers]`."""
    values: dict[float, list[tuple[float, ...]]] = defaultdict(list)
    for feature in features:
        if feature.token != EOT and not feature.noises:
            values[feature.injected].append(feature.values)
    return {injected: np.array(rows) for injected, rows in values.items()}


def _small_curve(injected: Sequence[float], mean: np.ndarray, quartiles: np.ndarray, name: str) -> str:
    low, high = float(quartiles.min()), float(quartiles.max())
    room = (high - low or 1.0) * 0.08
    x = Axis(injected[0], injected[-1], [0.0, injected[-1] / 2, injected[-1]], "")
    y = Axis(low - room, high + room, [low, high], "", "{:.3f}".format)
    frame = Frame(x, y, width=220, height=120, margins=(8, 8, 22, 42))
    edges = [list(zip(injected, quartiles[:, side].tolist(), strict=True)) for side in (0, 1)]
    middle = line(frame, list(zip(injected, mean.tolist(), strict=True)), "feature")
    return frame.draw(
        band(frame, edges[0], edges[1], "feature"), middle, title=f"Mean attention to the concept in {name}"
    )
