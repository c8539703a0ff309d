"""Who chooses the scale: nobody (plain), one w for all (fixed), the adapter, or an oracle that tried every w.

Plain, fixed and oracle reuse the pictures of the held-out sweep; only the adapter's pictures are new. A fixed w is fair
when it is chosen on val and reported on test; the best one in hindsight is shown beside it, as a bound.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from pipeline.outcome import Seen, compare
from pipeline.tables import EvaluationRow
from pipeline.trials import Trial

PLAIN, ADAPTER, ORACLE = "plain", "adapter", "oracle"


def fixed(scale: float) -> str:
    """Name of the policy that takes this w for every prompt; w = 0 is the plain model."""
    return f"fixed:{scale:g}" if scale else PLAIN


def row(trial: Trial, before: Seen, *, policy: str, quality_threshold: float) -> EvaluationRow:
    """The table row of one picture; `before` is what the plain model drew."""
    prompt, seen = trial.prompt, trial.seen
    outcome = compare(before, seen, kind=prompt.kind, quality_threshold=quality_threshold)
    return EvaluationRow(
        prompt_id=prompt.prompt_id,
        kind=prompt.kind,
        split=prompt.split,
        policy=policy,
        scale=trial.scale,
        target_before=before.probability,
        target=seen.probability,
        other_found=seen.other,
        style_found=seen.style,
        background_found=seen.background,
        quality=seen.quality,
        gone=outcome.gone,
        kept=outcome.kept,
        success=outcome.success,
    )


def fixed_rows(trials: Iterable[Trial], before: dict[str, Seen], *, quality_threshold: float) -> list[EvaluationRow]:
    """One row a sweep picture, under the policy that takes its scale."""
    return [
        row(trial, before[trial.prompt.prompt_id], policy=fixed(trial.scale), quality_threshold=quality_threshold)
        for trial in trials
    ]


def oracle_rows(rows: Iterable[EvaluationRow]) -> list[EvaluationRow]:
    """For each prompt the best row of its sweep, and among equals the weakest scale."""
    sweeps: dict[str, list[EvaluationRow]] = defaultdict(list)
    for candidate in rows:
        sweeps[candidate.prompt_id].append(candidate)
    return [replace(max(sweep, key=_goodness), policy=ORACLE) for sweep in sweeps.values()]


def _goodness(candidate: EvaluationRow) -> tuple[bool, bool, bool, float]:
    # where nothing succeeds, erased and broken is better than untouched
    return bool(candidate.success), bool(candidate.gone), bool(candidate.kept), candidate.scale


def best_fixed(rows: Sequence[EvaluationRow]) -> float:
    """The negative w with the most successes, and among equals the weakest.

    A scale that was not rendered for a prompt does there as the nearest that was.

    Raises:
        ValueError: no row counts, so there is nothing to choose by.
    """
    sweeps: dict[str, dict[float, bool]] = defaultdict(dict)
    for candidate in rows:
        if candidate.policy == fixed(candidate.scale) and candidate.success is not None:
            sweeps[candidate.prompt_id][candidate.scale] = candidate.success
    scales = {scale for sweep in sweeps.values() for scale in sweep if scale < 0}
    if not scales:
        msg = "expected prompts whose plain picture shows what they ask for, got none; look at the sweep"
        raise ValueError(msg)
    return max(scales, key=lambda scale: (sum(sweep[_nearest(scale, sweep)] for sweep in sweeps.values()), scale))


def _nearest(scale: float, rendered: Iterable[float]) -> float:
    """Of two as near the weaker."""
    return min(rendered, key=lambda other: (abs(other - scale), -other))
