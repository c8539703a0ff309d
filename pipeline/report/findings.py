"""Everything the page shows, read once: the tables of all stages and the pictures of the prompts on show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.policies import ADAPTER, fixed
from pipeline.summary import Summary
from pipeline.tables import KINDS, EvaluationRow, Feature, LabelRow, Prompt

STRIPS_A_KIND = 3
PAIRS_A_KIND = 6
MOST_FAILURES = 24


@dataclass(frozen=True)
class Epoch:
    """One point of the training curve."""

    epoch: int
    train: float
    """Loss of the preset; the paper's is the squared error of the scale."""
    val: float


@dataclass(frozen=True)
class Findings:
    """One adapter's evaluation with all that led to it."""

    name: str
    concept: str
    model: str
    summary: Summary
    prompts: Mapping[str, Prompt]
    """All splits, by prompt_id."""
    labels: Mapping[str, LabelRow]
    """By prompt_id; prompts that were not labelled are missing."""
    features: Sequence[Feature]
    layers: Sequence[str]
    """Names of the features' columns."""
    history: Sequence[Epoch]
    pictures: Mapping[tuple[str, float], str]
    """(prompt_id, scale) -> address of the sweep's picture, for the prompts on show."""
    adapted: Mapping[str, str]
    """prompt_id -> address of the picture with the adapter, for the prompts on show."""

    def row(self, prompt_id: str, policy: str) -> EvaluationRow:
        """What the evaluator saw of one test prompt under one policy."""
        return next(row for row in self.summary.rows if (row.prompt_id, row.policy) == (prompt_id, policy))

    def sweep(self, prompt_id: str) -> list[EvaluationRow]:
        """The prompt's rows at every swept scale, from w = 0 down."""
        rows = [row for row in self.summary.rows if row.prompt_id == prompt_id and row.policy == fixed(row.scale)]
        return sorted(rows, key=lambda row: -row.scale)


def first_of_each_kind(summary: Summary, count: int) -> list[EvaluationRow]:
    """The adapter's rows of the first prompts of each kind by hash, so chosen without a look at the result."""
    kinds = [kind for kind in KINDS if summary.of(ADAPTER, kind)]
    return [row for kind in kinds for row in summary.of(ADAPTER, kind)[:count]]


def failures(summary: Summary) -> list[EvaluationRow]:
    """The adapter's rows that count and are no success, in the order of their hashes."""
    return [row for row in summary.of(ADAPTER) if not row.success]


def on_show(summary: Summary) -> tuple[set[str], set[str]]:
    """The prompts shown with their whole sweep, and those shown at all: (sweeps, pictures)."""
    sweeps = {row.prompt_id for row in first_of_each_kind(summary, STRIPS_A_KIND)}
    pairs = {row.prompt_id for row in first_of_each_kind(summary, PAIRS_A_KIND) + failures(summary)[:MOST_FAILURES]}
    return sweeps, sweeps | pairs
