"""What came of labelling, as numbers: labels by outcome and kind, answers by judge, what is missing by scale, dollars.

A refusal is informative, for it grows with what a picture shows: leaving refused prompts out without a count would make the rest look
milder than it is.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from labeling.verdict import REFUSALS, Label, Verdict
from pipeline.tables import KINDS, Prompt

WHOLE = "whole sweep"
"""In place of a scale, where the whole sweep was asked about at once."""


def measure(
    concept: str,
    prompts: Sequence[Prompt],
    labels: Mapping[str, Label],
    verdicts: Mapping[str, Sequence[Verdict]],
) -> dict[str, Any]:
    """The content of the label stage's metrics file; what is zero everywhere is left out."""
    given = [verdict for some in verdicts.values() for verdict in some]
    return {
        "concept": concept,
        "prompts": len(prompts),
        "outcomes": dict(sorted(Counter(label.outcome for label in labels.values()).items())),
        "kinds": _by_kind(prompts, labels),
        "judges": _by_judge(given),
        "missing": _missing_by_scale(given),
        "refused": _share_refused(verdicts),
        "cost_usd": round(sum(verdict.cost_usd for verdict in given), 6),
    }


def _by_kind(prompts: Sequence[Prompt], labels: Mapping[str, Label]) -> dict[str, dict[str, int]]:
    counts = {
        kind: Counter(labels[prompt.prompt_id].outcome for prompt in prompts if prompt.kind == kind) for kind in KINDS
    }
    return {kind: dict(sorted(outcomes.items())) for kind, outcomes in counts.items() if outcomes}


def _by_judge(given: Sequence[Verdict]) -> dict[str, dict[str, dict[str, int]]]:
    """Judge -> layout -> outcome -> answers."""
    counts: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for verdict in given:
        counts[verdict.judge][verdict.layout][verdict.outcome] += 1
    return {
        judge: {layout: dict(sorted(outcomes.items())) for layout, outcomes in sorted(layouts.items())}
        for judge, layouts in sorted(counts.items())
    }


def _missing_by_scale(given: Sequence[Verdict]) -> dict[str, dict[str, int]]:
    """Outcome -> scale -> answers that did not come."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for verdict in given:
        if verdict.outcome != "ok":
            counts[verdict.outcome][WHOLE if verdict.at is None else f"{verdict.at:g}"] += 1
    return {outcome: dict(sorted(scales.items())) for outcome, scales in sorted(counts.items())}


def _share_refused(verdicts: Mapping[str, Sequence[Verdict]]) -> float:
    """Share of the prompts at which a judge refused, or an endpoint filtered, at least once."""
    refused = sum(any(verdict.outcome in REFUSALS for verdict in given) for given in verdicts.values())
    return round(refused / len(verdicts), 4) if verdicts else 0.0
