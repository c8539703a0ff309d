"""Verdicts -> label: a threshold on an ordered axis.

Suppression grows along a sweep, so a concept that is gone should stay gone. Judges flicker, though, and one wrong picture
must not move the label by ten steps. So the point from which on the concept is gone is where a single step fits all
answers best, and a scale that works counts when its stronger neighbour works too.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from labeling.outcomes import LabelOutcome
from labeling.verdict import Label, Sight, Verdict

Vote = tuple[LabelOutcome, float | None]

REASONS: dict[LabelOutcome, str] = {
    "ok": "the weakest scale without the concept and with the rest",
    "absent": "the plain picture does not show the concept",
    "none_works": "no scale removes the concept and keeps the rest",
}
"""What a verdict says of its own choice."""


def onset(flags: Sequence[bool]) -> int:
    """Where the step "false before, true from here on" fits with the fewest errors; `len(flags)` when it never turns true.

    Of equally good places the last one: in `false true false true true` the second is the flicker, for gone means gone for good.
    """
    errors = [sum(flags[:start]) + sum(not flag for flag in flags[start:]) for start in range(len(flags) + 1)]
    return max(range(len(errors)), key=lambda start: (-errors[start], start))


def choose_scale(seen: Mapping[float, Sight]) -> Vote:
    """The weakest scale from which on the concept is gone, and at which the rest is kept; or why there is none.

    A scale whose stronger neighbour works too is preferred to one that works alone.
    """
    scales = sorted(seen, reverse=True)
    start = onset([seen[scale].gone is True for scale in scales])
    if start == 0:
        return "absent", None
    works = [bool(seen[scale].gone and seen[scale].kept) and index >= start for index, scale in enumerate(scales)]
    alone = [index for index, here in enumerate(works) if here]
    confirmed = [index for index in alone if all(works[index + 1 : index + 2])]
    best = (confirmed or alone)[:1]
    return ("ok", scales[best[0]]) if best else ("none_works", None)


def strongest_working(seen: Mapping[float, Sight], scale: float, scales: Iterable[float], *, unseen: float) -> float:
    """How far suppression may go beyond a label: the last of the scales before the first that was seen not to work.

    Of a label at which nobody said what he saw nothing more is known.

    Args:
        seen: scale -> sight.
        scale: the label.
        scales: of the sweep.
        unseen: a scale that nobody looked at is no hindrance down to this one: a search that has its label looks no further.
    """
    last = scale
    if scale not in seen:
        return last
    for stronger in sorted((other for other in scales if other < scale), reverse=True):
        works = bool(seen[stronger].gone and seen[stronger].kept) if stronger in seen else stronger >= unseen
        if not works:
            break
        last = stronger
    return last


def likely_end(ends: Iterable[float], scale: float, *, share: float) -> float:
    """How far suppression may go from a label, as far as other sweeps tell: one of their ends that lie there or beyond; the label where none does.

    Labels that take their ends at different shares have ends as various as those of the others (hot-deck imputation).

    Args:
        ends: the last scales that work, of sweeps that were looked at whole.
        scale: the label.
        share: of these ends that are weaker than the one taken, in [0, 1).
    """
    beyond = sorted((end for end in ends if end <= scale), reverse=True)
    return beyond[int(share * len(beyond))] if beyond else scale


def fill_between(seen: Mapping[float, Sight], scales: Sequence[float]) -> dict[float, Sight]:
    """What was seen, and at scales between two that look alike the same: suppression grows steadily. Other gaps stay."""
    filled = dict(seen)
    for weak, strong in pairwise(sorted(seen, reverse=True)):
        if seen[weak] == seen[strong]:
            filled |= {scale: seen[weak] for scale in scales if strong < scale < weak}
    return {scale: filled[scale] for scale in sorted(filled, reverse=True)}


def choose_label(verdicts: Sequence[Verdict]) -> Label:
    """The label of one prompt from all verdicts about it.

    The outcome that most voting verdicts have, and of their scales the middle one (of two middle ones the weaker). Judges
    that split evenly between outcomes are no label: a tie is doubt, not an average.
    """
    judged = [verdict for verdict in verdicts if verdict.outcome == "ok" and verdict.votes]
    if not judged:
        missing = {f"{verdict.outcome}: {verdict.reason}" for verdict in verdicts if verdict.outcome != "ok"}
        reasons = ", ".join(sorted(missing)) or "no verdict"
        return Label(None, "unscored", votes=0, agreement=0.0, reason=reasons)
    votes = [_vote(verdict) for verdict in judged]
    (outcome, count), *others = Counter[LabelOutcome](outcome for outcome, _ in votes).most_common()
    if others and others[0][1] == count:
        return Label(None, "unscored", votes=len(votes), agreement=count / len(votes), reason="the judges disagree")
    ordered = sorted((scale for _, scale in votes if scale is not None), reverse=True)
    scale = ordered[(len(ordered) - 1) // 2] if outcome == "ok" else None
    swept = sorted({seen for verdict in judged for seen in verdict.seen})
    agreeing = sum(_agrees(_vote(verdict), (outcome, scale), swept) for verdict in judged)
    return Label(scale, outcome, votes=len(votes), agreement=agreeing / len(votes), reason=judged[0].reason)


def _vote(verdict: Verdict) -> Vote:
    if verdict.scale is not None:
        return "ok", verdict.scale
    outcome, _ = choose_scale(verdict.seen)
    return ("none_works" if outcome == "ok" else outcome), None


def _agrees(vote: Vote, label: Vote, swept: Sequence[float]) -> bool:
    """The same outcome, and at most one step of the sweep apart; scales that nobody says he saw agree when they are equal."""
    if vote[0] != label[0] or vote[1] == label[1]:
        return vote[0] == label[0]
    if vote[1] not in swept or label[1] not in swept:
        return False
    return abs(swept.index(vote[1]) - swept.index(label[1])) <= 1
