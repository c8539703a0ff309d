"""What all strategies share: what they are, and how answers become a verdict."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from labeling.asking import Answer, Asker
from labeling.choose import REASONS, choose_scale
from labeling.outcomes import VerdictOutcome
from labeling.verdict import Sight, Sweep, Verdict


class Strategy(Protocol):
    """A way to put a sweep to a model."""

    @property
    def version(self) -> str:
        """Its name, and a number that changes when its questions do."""
        ...

    async def judge(self, sweep: Sweep, asker: Asker) -> list[Verdict]:
        """All verdicts about a sweep, each with its layout; who asks signs them."""
        ...


def judged(seen: Mapping[float, Sight], answers: Sequence[Answer], *, layout: str, shown: Any, votes: bool) -> Verdict:
    """The verdict of answers that came.

    Args:
        seen: what they say, scale by scale.
        answers: all of them.
        layout: how the pictures were shown.
        shown: which picture had which name, as a JSON value.
        votes: whether it counts for the label.
    """
    outcome, scale = choose_scale(seen)
    raw, usage, cost = _records(answers, shown)
    return Verdict(
        "ok", scale, seen, reason=REASONS[outcome], raw=raw, usage=usage, cost_usd=cost, layout=layout, votes=votes
    )


def missing(
    outcome: VerdictOutcome, reason: str, answers: Sequence[Answer], *, layout: str, shown: Any, at: float | None = None
) -> Verdict:
    """The verdict of an answer that did not come, or made no sense; `at` is the scale that was asked about."""
    raw, usage, cost = _records(answers, shown)
    return Verdict(outcome, reason=reason, raw=raw, usage=usage, cost_usd=cost, layout=layout, votes=False, at=at)


def _records(answers: Sequence[Answer], shown: Any) -> tuple[str, str, float]:
    raw = json.dumps({"shown": shown, "answers": [json.loads(answer.raw) for answer in answers]}, ensure_ascii=False)
    counts: Counter[str] = Counter()
    for answer in answers:
        used = json.loads(answer.usage)
        counts.update({name: count for name, count in used.items() if isinstance(count, int)})
    return raw, json.dumps(dict(sorted(counts.items()))), sum(answer.cost_usd for answer in answers)
