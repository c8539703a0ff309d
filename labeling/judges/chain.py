"""Several judges in a row: the next one is asked where those before it gave no judgement.

All verdicts are kept, the refusals too, for a refusal says something about the picture. A reached budget ends the row: what was to be paid
for is not quietly judged by someone cheaper.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from labeling.verdict import Judge, Sweep, Verdict


@dataclass(frozen=True)
class Chain:
    """A `labeling.verdict.Judge` made of others."""

    judges: Sequence[Judge]

    async def judge(self, sweep: Sweep) -> Sequence[Verdict]:
        """The verdicts of all who were asked, in the order they were."""
        verdicts: list[Verdict] = []
        for judge in self.judges:
            verdicts += await judge.judge(sweep)
            if any(has_judged(verdict) or verdict.outcome == "budget" for verdict in verdicts):
                break
        return verdicts


def has_judged(verdict: Verdict) -> bool:
    """Whether it makes a label."""
    return verdict.outcome == "ok" and verdict.votes
