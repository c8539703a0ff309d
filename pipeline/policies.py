"""Who chooses the scale: nobody (plain), one w for all (fixed), the adapter, or an oracle that tried every w.

Plain, fixed and oracle reuse the pictures of the held-out sweep; only the adapter's pictures are new. A fixed w is fair
when it is chosen on val and reported on test; the best one in hindsight is shown beside it, as a bound.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from pipeline.outcome import Limits, Seen, compare
from pipeline.tables import EvaluationRow
from pipeline.trials import Trial

PLAIN, ADAPTER, ORACLE = "plain", "adapter", "oracle"


def fixed(scale: float) -> str:
    """Name of the policy that takes this w for every prompt; w = 0 is the plain model."""
    return f"fixed:{scale:g}" if scale else PLAIN


def row(trial: Trial, before: Seen, *, policy: str, limits: Limits) -> EvaluationRow:
    """The table row of one picture; `before` is what the plain model drew."""
    prompt, seen = trial.prompt, trial.seen
    outcome = compare(before, seen, kind=prompt.kind, limits=limits)
    return EvaluationRow(
        prompt_id=prompt.prompt_id,
        kind=prompt.kind,
        split=prompt.split,
        policy=policy,
        scale=trial.scale,
        target_before=before.probability,
        target=seen.probability,
        found_before=before.target,
        found=seen.target,
        other_found=seen.other,
        style_found=seen.style,
        background_found=seen.background,
        rest=seen.rest,
        quality=seen.quality,
        gone=outcome.gone,
        kept=outcome.kept,
        success=outcome.success,
    )


def fixed_rows(trials: Iterable[Trial], before: dict[str, Seen], *, limits: Limits) -> list[EvaluationRow]:
    """One row a sweep picture, under the policy that takes its scale."""
    return [row(trial, before[trial.prompt.prompt_id], policy=fixed(trial.scale), limits=limits) for trial in trials]


def oracle_rows(rows: Iterable[EvaluationRow]) -> list[EvaluationRow]:
    """For each prompt the best row of its sweep, and among equals the weakest scale."""
    sweeps: dict[str, list[EvaluationRow]] = defaultdict(list)
    for candidate in rows:
        sweeps[candidate.prompt_id].append(candidate)
    return [replace(max(sweep, key=_goodness), policy=ORACLE) for sweep in sweeps.values()]


def _goodness(candidate: EvaluationRow) -> tuple[bool, bool, bool, float]:
    # where nothing succeeds, erased and broken is better than untouched
    return bool(candidate.success), bool(candidate.gone), bool(candidate.kept), candidate.scale


def best_fixed(rows: Sequence[EvaluationRow]) -> float | None:
    """The negative w with the most successes, and among equals the weakest; None when no row counts.

    A scale that was not rendered for a prompt does there as the nearest that was.
    """
    sweeps: dict[str, dict[float, bool]] = defaultdict(dict)
    for candidate in rows:
        if candidate.policy == fixed(candidate.scale) and candidate.success is not None:
            sweeps[candidate.prompt_id][candidate.scale] = candidate.success
    scales = {scale for sweep in sweeps.values() for scale in sweep if scale < 0}
    successes = {scale: sum(sweep[_nearest(scale, sweep)] for sweep in sweeps.values()) for scale in scales}
    return max(successes, key=lambda scale: (successes[scale], scale), default=None)


def _nearest(scale: float, rendered: Iterable[float]) -> float:
    """Of two as near the weaker."""
    return min(rendered, key=lambda other: (abs(other - scale), -other))
