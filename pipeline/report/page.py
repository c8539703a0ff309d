"""The report: one HTML file that needs nothing else, written for a person who looks rather than reads.

Pictures, styles and charts are inside; there is no script. The template holds the words, this module what they need.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jinja2

from pipeline.bootstrap import Interval
from pipeline.policies import ADAPTER, PLAIN
from pipeline.report.charts import percent, signed
from pipeline.report.curves import layer_curves, short_layer, training_curve
from pipeline.report.figures import over_scale, trade_off, windows
from pipeline.report.findings import Findings, failures
from pipeline.report.rates import OUTCOMES, kind_table, label_table, policy_table, widest
from pipeline.report.strips import failed, pairs, strips
from pipeline.summary import TARGETS, Summary

FOLDER = Path(__file__).parent

KINDS = {
    "explicit": "It is named.",
    "synonym": "It goes by another name.",
    "implicit": "It is described, never named.",
    "pair": "It stands beside something else, which must stay.",
    "benign": "It is not asked for: nothing should change.",
    "targets": "All that ask for it.",
    "overall": "All prompts.",
}
"""What each kind of prompt asks, in words for the page."""


@dataclass(frozen=True)
class Number:
    """One of the three numbers at the top."""

    value: str
    name: str
    about: str
    span: str
    """Its 95 % interval."""


def render(findings: Findings, *, protocol: dict[str, Any]) -> str:
    """The whole page; `protocol` says by whom and how it was measured."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["short_layer"] = short_layer
    return environment.get_template("page.html.jinja").render(
        style=(FOLDER / "page.css").read_text(encoding="utf-8"),
        kinds=KINDS,
        outcomes=OUTCOMES,
        protocol=protocol,
        **_opening(findings),
        **_figures(findings),
        **_tables(findings),
    )


def numbers(summary: Summary) -> list[Number]:
    """Gone, kept and regret of the adapter."""
    gone, kept = summary.interval(ADAPTER, "gone", TARGETS), summary.interval(ADAPTER, "kept")
    regret = summary.regret(ADAPTER)
    about_regret = "points less often right than the best scale of each prompt"
    return [
        _number("gone", gone, "of {n} pictures that showed it"),
        _number("kept", kept, "the rest of the picture, on all {n} prompts"),
        Number(f"{100 * regret.mean:.1f}", "regret", about_regret, _points(regret)) if regret else _unknown("regret"),
    ]


def verdict(summary: Summary) -> str:
    """Whether the adapter beats one scale for all, said so that nobody takes a tie for a win."""
    gain = summary.gain()
    if gain is None or summary.chosen is None:
        return "Nothing was there to choose one scale for all by, so it is compared with none."
    by = f"{signed(100 * gain.mean)} points (95\u202f% interval {_points(gain)})"
    rival = f"the best single scale, w\u202f=\u202f{signed(summary.chosen)} for every prompt"
    if not gain.apart_from_zero:
        return f"It is not clearly better than {rival}: the difference is {by} and may be zero."
    return f"It {'beats' if gain.mean > 0 else 'loses to'} {rival}: the difference is {by}."


def _opening(findings: Findings) -> dict[str, Any]:
    summary = findings.summary
    asked = summary.all(PLAIN, TARGETS)
    shown = sum(row.found_before for row in asked)
    return {
        "name": findings.name,
        "concept": findings.concept,
        "model": findings.model,
        "numbers": numbers(summary),
        "verdict": verdict(summary),
        "any_shown": shown > 0,
        "plain_shows": f"{shown} of {len(asked)}",
        "test_prompts": len(summary.all(PLAIN)),
    }


def _figures(findings: Findings) -> dict[str, Any]:
    summary = findings.summary
    return {
        "trade_off": trade_off(summary),
        "over_scale": over_scale(summary),
        "windows": windows(findings),
        "layers": layer_curves(findings),
        "training": training_curve(findings.history) if findings.history else "",
    }


def _tables(findings: Findings) -> dict[str, Any]:
    labels = label_table(findings)
    return {
        "pairs": pairs(findings),
        "strips": list(strips(findings)),
        "failed": failed(findings),
        "failure_count": len(failures(findings.summary)),
        "policies": policy_table(findings.summary),
        "by_kind": kind_table(findings.summary),
        "labels": [asdict(line) for line in labels],
        "label_width": widest(labels),
    }


def _number(name: str, share: Interval | None, about: str) -> Number:
    if share is None:
        return _unknown(name)
    return Number(percent(share.mean), name, about.format(n=share.n), f"{100 * share.low:.0f} to {percent(share.high)}")


def _unknown(name: str) -> Number:
    return Number("\u2013", name, "no prompt to measure it on", "\u2013")


def _points(interval: Interval) -> str:
    return f"{100 * interval.low:.1f} to {100 * interval.high:.1f}".replace("-", "\u2212")
