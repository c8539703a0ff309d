"""The figures about outcomes: gone against kept, both over w, and which scales work for which prompt."""

from collections.abc import Iterable, Sequence

import numpy as np

from pipeline.policies import ADAPTER, ORACLE, fixed
from pipeline.report.charts import Axis, Frame, Point, bar, dot, label, line, percent, share_axis, signed
from pipeline.report.findings import Findings
from pipeline.summary import OVERALL, TARGETS, Summary
from pipeline.tables import EvaluationRow

MEASURES = {"gone": TARGETS, "kept": OVERALL, "success": OVERALL}
"""Measure -> the kinds of prompts that it is the share of."""
NEAR_PX = 15.0
"""Labels nearer to the last one than this are left out."""


def scales(summary: Summary) -> list[float]:
    """The swept scales, from w = 0 down."""
    return sorted({row.scale for row in summary.rows if row.policy == fixed(row.scale)}, reverse=True)


def rate(summary: Summary, policy: str, measure: str) -> float | None:
    """Share of the test prompts with this outcome; None when none counts."""
    interval = summary.interval(policy, measure, MEASURES[measure])
    return interval.mean if interval else None


def trade_off(summary: Summary) -> str:
    """Gone against kept: one point a fixed w, joined in order, with the adapter and the oracle beside them."""
    frame = Frame(share_axis("concept gone"), share_axis("rest kept"))
    points = [(scale, point) for scale in scales(summary) if (point := _gone_kept(summary, fixed(scale)))]
    marks = [line(frame, [point for _, point in points], "fixed")]
    marks += [dot(frame, point, "fixed", note=f"w = {signed(scale)}: {_spoken(point)}") for scale, point in points]
    marks += _spaced_labels(frame, points)
    for policy, down in ((ORACLE, -9), (ADAPTER, 18)):
        if point := _gone_kept(summary, policy):
            marks += _marked(frame, point, policy, shift=(-10, down), anchor="end")
    return frame.draw(*marks, title="Share of pictures with the concept gone against share with the rest kept")


def over_scale(summary: Summary) -> str:
    """Gone, kept and success of one w for all prompts, over w; the adapter's success as a level."""
    swept = scales(summary)
    frame = Frame(_scale_axis(swept, "suppression scale w, the same for every prompt"), share_axis("test prompts"))
    marks: list[str] = []
    if (level := rate(summary, ADAPTER, "success")) is not None:
        marks.append(line(frame, [(swept[0], level), (swept[-1], level)], "adapter level"))
        words = f"adapter\u2019s success {percent(level)}"
        marks.append(label(frame, (swept[0], level), words, ADAPTER, shift=(4, -7)))
    for measure in MEASURES:
        found = {scale: rate(summary, fixed(scale), measure) for scale in swept}
        curve = [(scale, share) for scale, share in found.items() if share is not None]
        marks.append(line(frame, curve, measure))
        marks += [
            dot(frame, point, measure, radius=2.5, note=f"w = {signed(point[0])}: {measure} {percent(point[1])}")
            for point in curve
        ]
    return frame.draw(*marks, title="Gone, kept and success over the suppression scale")


def windows(findings: Findings) -> str:
    """Each test prompt's span of scales that succeed, with the adapter's choice on it and the fixed w across."""
    summary = findings.summary
    rows = sorted(summary.of(ADAPTER, TARGETS), key=lambda row: _weakest(findings, row))
    swept = scales(summary)
    x = Axis(-1, len(rows), [], "test prompts that ask for the concept, the easiest to erase first")
    frame = Frame(x, _upright(swept), width=960, height=300, margins=(14, 14, 30, 56))
    marks: list[str] = []
    for place, row in enumerate(rows):
        prompt = findings.prompts[row.prompt_id].prompt
        for weak, strong in _runs(findings.sweep(row.prompt_id)):
            marks.append(bar(frame, (place - 0.4, weak + 0.4), (place + 0.4, strong - 0.4), "success", note=prompt))
    if summary.chosen is not None:
        marks.append(line(frame, [(-1, summary.chosen), (len(rows), summary.chosen)], "best level"))
    for place, row in enumerate(rows):
        role = ADAPTER if row.success else "adapter missed"
        note = f"{findings.prompts[row.prompt_id].prompt}: w = {signed(row.scale)}"
        marks.append(dot(frame, (place, row.scale), role, radius=3, note=note))
    return frame.draw(*marks, title="Scales that succeed, and the scale that the adapter chose, for each test prompt")


def _gone_kept(summary: Summary, policy: str) -> Point | None:
    gone, kept = rate(summary, policy, "gone"), rate(summary, policy, "kept")
    return None if gone is None or kept is None else (gone, kept)


def _spoken(point: Point) -> str:
    return f"gone {percent(point[0])}, kept {percent(point[1])}"


def _marked(frame: Frame, point: Point, role: str, *, shift: Point, anchor: str) -> list[str]:
    words = label(frame, point, role, role, shift=shift, anchor=anchor)
    return [dot(frame, point, role, radius=7, note=f"{role}: {_spoken(point)}"), words]


def _spaced_labels(frame: Frame, points: Iterable[tuple[float, Point]]) -> list[str]:
    marks: list[str] = []
    last = (-1e9, -1e9)
    for scale, point in points:
        place = frame.at(*point)
        if np.hypot(place[0] - last[0], place[1] - last[1]) >= NEAR_PX:
            marks.append(label(frame, point, signed(scale), "fixed", shift=(-6, 15), anchor="end"))
            last = place
    return marks


def _scale_axis(swept: Sequence[float], text: str) -> Axis:
    return Axis(swept[0], swept[-1], swept[:: max(1, len(swept) // 6)], text)


def _upright(swept: Sequence[float]) -> Axis:
    step = (swept[0] - swept[-1]) / max(1, len(swept) - 1)
    return Axis(swept[-1] - step, swept[0] + step, swept[:: max(1, len(swept) // 4)], "suppression scale w")


def _runs(sweep: Sequence[EvaluationRow]) -> list[tuple[float, float]]:
    """Neighbouring scales that succeed, as (weakest, strongest)."""
    runs: list[tuple[float, float]] = []
    before = False
    for row in sweep:
        if row.success:
            runs = [*runs[:-1], (runs[-1][0], row.scale)] if before else [*runs, (row.scale, row.scale)]
        before = bool(row.success)
    return runs


def _weakest(findings: Findings, row: EvaluationRow) -> tuple[bool, float]:
    """Prompts that no scale serves come last."""
    oracle = findings.row(row.prompt_id, ORACLE)
    return not oracle.success, -oracle.scale
