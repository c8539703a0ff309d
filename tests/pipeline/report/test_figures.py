"""The figures show what the tables say."""

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from pipeline.policies import ADAPTER
from pipeline.report.curves import layer_curves, round_ticks, short_layer, training_curve
from pipeline.report.figures import over_scale, rate, scales, trade_off, windows
from pipeline.report.findings import Findings
from pipeline.summary import TARGETS
from tests.support.evaluation import LADDER, LAYERS


def marks(svg: str, role: str) -> list[ET.Element]:
    """The marks of a class, in order."""
    nodes = ET.fromstring(svg).iter()  # noqa: S314 - our own text
    return [node for node in nodes if node.get("class") == role]


def test_the_trade_off_has_a_point_a_scale_the_adapter_and_the_oracle(findings: Findings) -> None:
    """Each with its numbers under the pointer."""
    svg = trade_off(findings.summary)
    assert len(marks(svg, "dot fixed")) == len(LADDER)
    [adapter] = marks(svg, "dot adapter")
    expected = f"gone {100 * (rate(findings.summary, ADAPTER, 'gone') or 0):.0f}"
    assert expected in (adapter.findtext("title") or "")
    assert len(marks(svg, "dot oracle")) == 1


def test_gone_rises_and_kept_falls_over_the_scale(findings: Findings) -> None:
    """In the made-up model as in a real one; the figure has one line a measure."""
    svg = over_scale(findings.summary)
    heights = {
        measure: [float(node.get("cy", "")) for node in marks(svg, f"dot {measure}")] for measure in ("gone", "kept")
    }
    assert heights["gone"][0] > heights["gone"][-1]
    assert heights["kept"][0] < heights["kept"][-1]
    assert scales(findings.summary) == list(LADDER)


def test_every_target_prompt_has_a_choice_and_missed_ones_are_rings(findings: Findings) -> None:
    """As many dots as the adapter has counted prompts, as many rings as it has failures among them."""
    svg, rows = windows(findings), findings.summary.of(ADAPTER, TARGETS)
    hits, misses = len(marks(svg, "dot adapter")), len(marks(svg, "dot adapter missed"))
    assert (hits, misses) == (sum(bool(row.success) for row in rows), sum(not row.success for row in rows))
    assert hits


def test_every_layer_has_its_curve_by_name(findings: Findings) -> None:
    """In call order."""
    curves = layer_curves(findings)
    assert [name for name, _ in curves] == list(LAYERS)
    assert all(len(marks(svg, "line feature")) == 1 for _, svg in curves)


def test_the_training_curve_has_train_and_val(findings: Findings) -> None:
    """Both over the same epochs."""
    svg = training_curve(findings.history)
    [train], [val] = marks(svg, "line train"), marks(svg, "line val")
    assert len(re.findall(",", train.get("points", ""))) == len(findings.history)
    assert train.get("points") != val.get("points")


def test_one_epoch_is_a_curve_too(findings: Findings) -> None:
    """A fit may stop after its first."""
    assert "polyline" in training_curve([replace(findings.history[0], epoch=0)])


@pytest.mark.parametrize(
    ("last", "ticks"), [(1999, [0, 500, 1000, 1500]), (24.4, [0, 5, 10, 15, 20]), (1, [0, 0.5, 1])]
)
def test_ticks_are_round(last: float, ticks: list[float]) -> None:
    """1, 2 or 5 times a power of ten."""
    assert round_ticks(last) == pytest.approx(ticks)


def test_layer_names_are_short_and_still_tell_where() -> None:
    """Side and numbers."""
    assert short_layer("up_blocks.1.attentions.2.transformer_blocks.0.attn2") == "up 1.2.0"
    assert short_layer("mid_block.attentions.0.transformer_blocks.0.attn2") == "mid 0.0"
