"""What is known about an adapter, gathered from the outs of its stages: the card says nothing that does not stand there."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from gie.adapter_config import AdapterConfig, read_config
from gie.errors import InputError
from pipeline.bootstrap import Interval
from pipeline.inputs import read_input
from pipeline.paths import Paths
from pipeline.policies import ADAPTER
from pipeline.settings import Recipe
from pipeline.summary import OVERALL, TARGETS, Summary, summarise
from pipeline.tables import EvaluationRow, LabelRow, VerdictRow


@dataclass(frozen=True)
class Judging:
    """Who labelled, and how it went."""

    judges: tuple[str, ...]
    """Each as "judge, model"."""
    outcomes: Mapping[str, int]
    """Outcome of an answer -> how many."""
    labels: Mapping[str, int]
    """Outcome of a label -> how many prompts."""
    agreement: float
    """Mean over the labelled prompts of the share of votes that agree with the label."""
    cost_usd: float


@dataclass(frozen=True)
class Facts:
    """Everything the card tells."""

    recipe: Recipe
    config: AdapterConfig
    summary: Summary
    protocol: Mapping[str, Any]
    judging: Judging
    audit: Mapping[str, Any] | None
    """What `gie audit` found out; None where it has not run."""

    @property
    def measured(self) -> dict[str, Interval]:
        """Name -> share with its 95 % interval, of the adapter on the test prompts; the names of `metrics.json`."""
        found = {
            "gone": self.summary.interval(ADAPTER, "gone", TARGETS),
            "kept": self.summary.interval(ADAPTER, "kept", OVERALL),
            "success": self.summary.interval(ADAPTER, "success", OVERALL),
            "regret": self.summary.regret(ADAPTER),
        }
        return {name: interval for name, interval in found.items() if interval is not None}


def gather_facts(recipe: Recipe, paths: Paths) -> Facts:
    """Read them; raises InputError that names the first stage that has not run."""
    if not paths.adapter_folder.exists():
        raise InputError(f"expected {paths.adapter_folder}, got nothing there; run gie train {recipe.name} first")
    rows = read_input(paths.evaluation, EvaluationRow, stage="evaluate", recipe=recipe.name)
    return Facts(
        recipe=recipe,
        config=read_config(paths.adapter_folder),
        summary=summarise(rows),
        protocol=_read_json(paths.protocol),
        judging=_judging(recipe, paths),
        audit=_read_json(paths.audit) if paths.audit.exists() else None,
    )


def _judging(recipe: Recipe, paths: Paths) -> Judging:
    verdicts = read_input(paths.verdicts, VerdictRow, stage="label", recipe=recipe.name)
    labels = read_input(paths.labels, LabelRow, stage="label", recipe=recipe.name)
    agreements = [label.agreement for label in labels if label.votes]
    return Judging(
        judges=tuple(sorted({f"{row.judge}, {row.model}" for row in verdicts})),
        outcomes=Counter(row.outcome for row in verdicts),
        labels=Counter(label.outcome for label in labels),
        agreement=fmean(agreements) if agreements else 0.0,
        cost_usd=sum(row.cost_usd for row in verdicts),
    )


def _read_json(path: Any) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))
