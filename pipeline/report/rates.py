"""The tables of the page: policies with intervals, the adapter by kind, labels by outcome."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.bootstrap import Interval
from pipeline.policies import ADAPTER
from pipeline.report.charts import percent, signed
from pipeline.report.figures import MEASURES
from pipeline.report.findings import Findings
from pipeline.summary import GROUPS, Summary
from pipeline.tables import KINDS

OUTCOMES = ("ok", "absent", "none_works", "unscored")


@dataclass(frozen=True)
class Cell:
    """A share with its interval, as text and as places on a small scale."""

    text: str
    span: str
    """The interval in words; "" when there is none."""
    low: float
    high: float
    """0 to 100, ends of the interval."""
    middle: float


NOTHING = Cell("\u2013", "", 0, 0, 0)


@dataclass(frozen=True)
class PolicyLine:
    """One policy of the table."""

    name: str
    role: str
    """CSS class."""
    about: str
    cells: list[Cell]
    """Gone, kept, success."""
    regret: str


@dataclass(frozen=True)
class KindLine:
    """One kind of prompts: adapter and best fixed scale."""

    name: str
    n: int
    adapter: list[Cell]
    fixed: list[Cell]


@dataclass(frozen=True)
class LabelLine:
    """One kind of prompts: how many got which label."""

    name: str
    counts: list[int]
    """In the order of `OUTCOMES`."""


def policy_table(summary: Summary) -> list[PolicyLine]:
    """From nothing done to the best that a sweep allows; without the scales that nothing could choose."""
    chosen, hindsight = _w(summary.chosen), _w(summary.hindsight)
    lines = {
        "plain": ("plain", "fixed", "the model as it is, w = 0"),
        "best_fixed": (f"one scale, {chosen}", "best", "the best single scale, chosen on the val prompts"),
        "adapter": ("adapter", ADAPTER, "a scale for each prompt, inferred in the first step"),
        "hindsight_fixed": (f"hindsight, {hindsight}", "fixed", "the single scale that test itself would choose"),
        "oracle": ("oracle", "oracle", "for each prompt the best scale of its sweep"),
    }
    policies = summary.policies()
    return [
        PolicyLine(
            *words, [cell(summary.interval(policy, *pair)) for pair in MEASURES.items()], points(summary.regret(policy))
        )
        for name, words in lines.items()
        if (policy := policies[name])
    ]


def kind_table(summary: Summary) -> list[KindLine]:
    """Rates by kind of prompt, then for all that ask for the concept and for all."""
    return [
        KindLine(
            group,
            len(summary.of(ADAPTER, group)),
            [cell(summary.interval(ADAPTER, measure, group)) for measure in MEASURES],
            [cell(summary.interval(summary.best, measure, group) if summary.best else None) for measure in MEASURES],
        )
        for group in GROUPS
        if summary.of(ADAPTER, group)
    ]


def label_table(findings: Findings) -> list[LabelLine]:
    """Labels of all splits by kind and outcome."""
    counts: Counter[tuple[str, str]] = Counter(
        (findings.prompts[label.prompt_id].kind, label.outcome) for label in findings.labels.values()
    )
    lines = [LabelLine(kind, [counts[kind, outcome] for outcome in OUTCOMES]) for kind in KINDS]
    return [line for line in lines if any(line.counts)]


def cell(interval: Interval | None) -> Cell:
    """A share as text and bar; an en dash when there is none."""
    if interval is None:
        return NOTHING
    span = f"{100 * interval.low:.0f} to {percent(interval.high)}"
    return Cell(percent(interval.mean), span, 100 * interval.low, 100 * interval.high, 100 * interval.mean)


def points(interval: Interval | None) -> str:
    """A difference of shares in percentage points, with its interval when it has a width; an en dash when there is none."""
    if interval is None:
        return NOTHING.text
    text = f"{100 * interval.mean:.1f}".replace("-", "\u2212")
    if interval.low == interval.high:
        return text
    return f"{text} [{100 * interval.low:.1f}, {100 * interval.high:.1f}]".replace("-", "\u2212")


def _w(scale: float | None) -> str:
    return "" if scale is None else f"w = {signed(scale)}"


def widest(lines: Iterable[LabelLine]) -> int:
    """The longest bar's number of prompts."""
    return max((sum(line.counts) for line in lines), default=1)
