"""What the page shows of one prompt, and how doubtful its label is."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labeling.choose import onset
from labeling.verdict import PLAIN, Label, Sight, Sweep, Verdict


@dataclass(frozen=True)
class Exhibit:
    """One prompt with its label; its pictures are opened when they are needed, for all at once would not fit in memory."""

    prompt_id: str
    prompt: str
    kind: str
    """How the prompt asks for the concept; "" where nobody said."""
    label: Label
    verdicts: Sequence[Verdict]
    open: Callable[[], Sweep]


def doubt(exhibit: Exhibit) -> float:
    """0 where all is clear. Unjudged first, then judges that disagree, then none that works, then sights that contradict each other."""
    if exhibit.label.outcome == "unscored":
        return 3.0
    flags = [sight.gone is True for _, sight in seen_by_scale(exhibit.verdicts) if sight.gone is not None]
    start = onset(flags)
    wrong = sum(flags[:start]) + sum(not flag for flag in flags[start:])
    flicker = wrong / len(flags) if flags else 0.0
    return 2 * (1 - exhibit.label.agreement) + 0.5 * (exhibit.label.outcome == "none_works") + flicker


def by_doubt(exhibits: Iterable[Exhibit]) -> list[Exhibit]:
    """The most doubtful first."""
    return sorted(exhibits, key=lambda exhibit: (-doubt(exhibit), exhibit.prompt_id))


def seen_by_scale(verdicts: Iterable[Verdict]) -> list[tuple[float, Sight]]:
    """What the judges saw, from the plain picture down; of several answers the first that says so."""
    seen: dict[float, Sight] = {}
    for verdict in verdicts:
        seen = {**verdict.seen, **seen}
    return sorted(seen.items(), reverse=True)


def describe(exhibit: Exhibit, tiles: Mapping[float, str], pick: Mapping[str, Any] | None) -> dict[str, Any]:
    """The exhibit as the page's script reads it.

    Args:
        exhibit: what is shown.
        tiles: scale -> address of its picture.
        pick: what a person said, or None.
    """
    label, seen = exhibit.label, dict(seen_by_scale(exhibit.verdicts))
    return {
        "id": exhibit.prompt_id,
        "prompt": exhibit.prompt,
        "kind": exhibit.kind,
        "label": {"outcome": label.outcome, "scale": label.scale},
        "reason": label.reason,
        "agreement": round(label.agreement, 3),
        "doubt": round(doubt(exhibit), 3),
        "answers": [_answer(verdict) for verdict in exhibit.verdicts],
        "tiles": [
            {"scale": scale, "picture": tiles[scale], "state": state(scale, seen.get(scale))}
            for scale in sorted(tiles, reverse=True)
        ],
        "pick": pick,
    }


def state(scale: float, sight: Sight | None) -> str:
    """One word for what a judge saw: plain, there, broken, success, or "" where it did not say."""
    if scale == PLAIN:
        return "plain"
    if sight is None or sight.gone is None:
        return ""
    if not sight.gone:
        return "there"
    return "success" if sight.kept else "broken"


def _answer(verdict: Verdict) -> dict[str, Any]:
    return {
        "judge": " ".join(filter(None, (verdict.judge, verdict.model))),
        "layout": verdict.layout,
        "outcome": verdict.outcome,
        "scale": verdict.scale,
        "reason": verdict.reason,
        "votes": verdict.votes,
    }
