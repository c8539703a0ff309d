"""Whether an answer to a probe is the known one, and what many answers say of the judge."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from labeling.agreement import Measured, measure, rank, slope
from labeling.choose import choose_label, onset
from labeling.verdict import REFUSALS, Label, Sight, Verdict
from pipeline.auditing.probes import Probe


@dataclass(frozen=True)
class Reply:
    """A probe with what the judge said about it, and about the real sweep."""

    probe: Probe
    verdicts: Sequence[Verdict]
    before: Sequence[Verdict]
    """About the sweep that the probe was made of."""

    @property
    def label(self) -> Label:
        """What follows from the answers."""
        return choose_label(self.verdicts)


def passed(reply: Reply) -> bool | None:
    """Whether the judge stood the test; None where it did not answer, or does not say what the test is about."""
    label, probe = reply.label, reply.probe
    if label.outcome == "unscored":
        return None
    if probe.kind in {"anchor", "black"}:
        return label.outcome != "ok"
    if probe.kind == "step":
        found = rank(label.outcome, label.scale, probe.sweep.scales)
        wanted = rank("ok", probe.answer, probe.sweep.scales)
        return found is not None and wanted is not None and abs(found - wanted) <= 1
    return _mostly(_swap_seen(reply) if probe.kind == "swapped" else _same_sight(reply))


def _swap_seen(reply: Reply) -> list[bool]:
    """Of each picture whether it is seen as it is: the concept gone from the answer on, and there before."""
    answer = reply.probe.answer
    assert answer is not None
    seen = sights(reply.verdicts).items()
    return [sight.gone == (scale <= answer) for scale, sight in seen if sight.gone is not None]


def _same_sight(reply: Reply) -> list[bool]:
    """Of each picture whether it is seen in the probe as before."""
    before, now = sights(reply.before), sights(reply.verdicts)
    if reply.probe.kind == "duplicate":
        scales = reply.probe.sweep.scales
        twins = [(a, b) for a, b in pairwise(scales) if reply.probe.source[a] == reply.probe.source[b]]
        pairs = [(now[a], now[b]) for a, b in twins if a in now and b in now]
    else:
        moved = reply.probe.source.items()
        pairs = [(now[scale], before[place]) for scale, place in moved if scale in now and place in before]
    return [a.gone == b.gone for a, b in pairs if a.gone is not None and b.gone is not None]


def _mostly(right: Sequence[bool]) -> bool | None:
    """All but one in ten, for a picture at the limit may fall either way; None where nothing was seen."""
    return sum(right) >= 0.9 * len(right) if right else None


def sights(verdicts: Iterable[Verdict]) -> dict[float, Sight]:
    """What was seen scale by scale; of several verdicts the first that says so."""
    seen: dict[float, Sight] = {}
    for verdict in verdicts:
        if verdict.outcome == "ok":
            seen = {**verdict.seen, **seen}
    return seen


def share_true(flags: Sequence[bool]) -> Measured:
    """The share of true ones."""
    return measure(lambda places: sum(flags[i] for i in places) / len(places), len(flags))


def position(replies: Sequence[Reply]) -> Measured:
    """How the pick moves with the place where the answer was planted: 1 it follows the pictures, 0 it stays in its cell.

    Judges that say "none" have picked no cell: those count as the end of the sweep they are nearest to.
    """
    points = [
        (wanted, found)
        for reply in replies
        if reply.probe.kind == "step"
        if (found := rank(reply.label.outcome, reply.label.scale, reply.probe.sweep.scales)) is not None
        if (wanted := rank("ok", reply.probe.answer, reply.probe.sweep.scales)) is not None
    ]
    return measure(lambda places: slope([points[i][0] for i in places], [points[i][1] for i in places]), len(points))


def violations(verdicts: Iterable[Sequence[Verdict]]) -> Measured:
    """Share of all pictures seen that contradict the rule that what is gone stays gone."""
    sweeps = [
        [seen[scale].gone is True for scale in sorted(seen, reverse=True)]
        for given in verdicts
        if len(seen := {scale: sight for scale, sight in sights(given).items() if sight.gone is not None}) > 1
    ]
    wrong = [sum(flags[: onset(flags)]) + sum(not flag for flag in flags[onset(flags) :]) for flags in sweeps]

    def rate(places: Sequence[int]) -> float:
        return sum(wrong[i] for i in places) / sum(len(sweeps[i]) for i in places)

    return measure(rate, len(sweeps))


def refusals_by_scale(verdicts: Iterable[Sequence[Verdict]]) -> Mapping[str, int]:
    """Refused and filtered answers by the scale that was asked about; "sweep" where all pictures were shown at once."""
    refused = [verdict.at for given in verdicts for verdict in given if verdict.outcome in REFUSALS]
    places = sorted({at for at in refused if at is not None}, reverse=True)
    whole = {"sweep": refused.count(None)} if None in refused else {}
    return whole | {f"{at:g}": refused.count(at) for at in places}
