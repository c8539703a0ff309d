"""An audit's numbers, and which of them are not what the recipe asks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from labeling.agreement import Measured, compare, rank
from labeling.verdict import REFUSALS, Label
from pipeline.auditing.answers import passed, position, refusals_by_scale, share_true, violations
from pipeline.auditing.inquiry import Findings
from pipeline.auditing.probes import PLANTERS
from pipeline.settings import AuditSettings


def conclude(findings: Findings, settings: AuditSettings, scales: Sequence[float]) -> dict[str, Any]:
    """The metrics file: every number with its interval, `passed`, and the names of what failed."""
    measured = measure_all(findings, scales)
    failed = list(missed(measured, settings))
    return {
        "passed": not failed,
        "failed": failed,
        **{name: _plain(part) for name, part in measured.items()},
        "refused_by_scale": dict(refusals_by_scale(findings.verdicts.values())),
        "cost_usd": round(findings.cost_usd, 6),
    }


def measure_all(findings: Findings, scales: Sequence[float]) -> dict[str, Any]:
    """Every number; groups of them are mappings."""
    outcomes = [passed(reply) for reply in findings.replies]
    stood = {
        kind: [outcome for reply, outcome in zip(findings.replies, outcomes, strict=True) if reply.probe.kind == kind]
        for kind in PLANTERS
    }
    refused = [any(verdict.outcome in REFUSALS for verdict in given) for given in findings.verdicts.values()]
    return {
        "probes": {kind: share_true([each for each in given if each is not None]) for kind, given in stood.items()},
        "probes_without_answer": outcomes.count(None),
        "position": position(findings.replies),
        "retest": _pairs(findings.retests, scales),
        "second_judge": _pairs(findings.seconds, scales) if findings.seconds else {},
        "people": _pairs(findings.people, scales) if findings.people else {},
        "violations": violations(findings.verdicts.values()),
        "refused": share_true(refused),
    }


def missed(measured: Mapping[str, Any], settings: AuditSettings) -> Iterator[str]:
    """The names of the numbers that are not what is asked; one that could not be taken is missed too, but for sights.

    A judge that says nothing picture by picture cannot stand `swapped`, `duplicate` and `shuffled`; `step` and `position` watch it.
    """
    for kind, found in measured["probes"].items():
        if _short(found, settings.probes_at_least, needed=kind in {"anchor", "black", "step"}):
            yield f"probes.{kind}"
    if _short(measured["position"], settings.position_at_least, needed=True):
        yield "position"
    if _short(measured["retest"]["within_one_step"], settings.retest_at_least, needed=True):
        yield "retest"
    if (second := measured["second_judge"]) and _short(second["quadratic_kappa"], settings.kappa_at_least, needed=True):
        yield "second_judge"
    if (people := measured["people"]) and _surely_short(people["quadratic_kappa"], settings.kappa_at_least):
        yield "people"
    for name, most in (("violations", settings.violations_at_most), ("refused", settings.refused_at_most)):
        value = measured[name].value
        if value is not None and value > most:
            yield name


def _short(found: Measured, least: float, *, needed: bool) -> bool:
    return needed if found.value is None else found.value < least


def _surely_short(found: Measured, least: float) -> bool:
    """The whole interval is: people pick for few sweeps, and first for those that the judge was in doubt about."""
    return found.high is not None and found.high < least


def _pairs(pairs: Sequence[tuple[Label, Label]], scales: Sequence[float]) -> Mapping[str, Measured]:
    first, second = ([rank(label.outcome, label.scale, scales) for label in side] for side in zip(*pairs, strict=True))
    return compare(first, second)


def _plain(part: Any) -> Any:
    if isinstance(part, Measured):
        return {name: value if value is None else round(value, 4) for name, value in asdict(part).items()}
    return {name: _plain(inner) for name, inner in part.items()} if isinstance(part, dict) else part
