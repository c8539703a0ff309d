"""What the label stage wrote, read back as the judges' own records."""

from collections.abc import Mapping, Sequence

from labeling.verdict import Verdict
from pipeline.inputs import read_input
from pipeline.paths import Paths
from pipeline.seen import read_seen
from pipeline.tables import VerdictRow


def read_verdicts(paths: Paths) -> Mapping[str, Sequence[Verdict]]:
    """Prompt -> all answers about it; raises InputError when the label stage has not run."""
    found: dict[str, list[Verdict]] = {}
    for row in read_input(paths.verdicts, VerdictRow, stage="label", recipe=paths.adapter):
        found.setdefault(row.prompt_id, []).append(to_verdict(row))
    return found


def to_verdict(row: VerdictRow) -> Verdict:
    """One row as the judge gave it."""
    return Verdict(
        outcome=row.outcome,
        scale=row.scale,
        seen=read_seen(row.seen),
        reason=row.reason,
        raw=row.raw,
        usage=row.usage,
        cost_usd=row.cost_usd,
        votes=row.votes,
        at=row.at,
        judge=row.judge,
        model=row.model,
        rubric_version=row.rubric_version,
        layout=row.layout,
    )
