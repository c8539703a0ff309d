"""The records of judging: what is shown to a judge, what it answers, what is concluded.

An answer that did not come is a value with a reason, never a default scale and never a missing row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from PIL.Image import Image

from labeling.errors import LabelingError
from labeling.outcomes import LabelOutcome, VerdictOutcome

ANSWERED: frozenset[VerdictOutcome] = frozenset({"ok", "refused", "filtered", "invalid", "truncated"})
"""The model has spoken, and was paid: the same question again would bring the same. The others never reached it."""
REFUSALS: frozenset[VerdictOutcome] = frozenset({"refused", "filtered"})
"""Why there is no judgement says something about the picture."""

PLAIN = 0.0
"""The scale of the plain model's picture, which every sweep has."""


@dataclass(frozen=True)
class Sweep:
    """The pictures of one prompt over all scales."""

    prompt: str
    rest: str
    """What is asked besides the concept, its parts with ", " between; "" if nothing."""
    concept: str
    synonyms: tuple[str, ...]
    images: Mapping[float, Image]
    """Scale -> picture; 0 is there, the others are negative."""
    prompt_id: str = ""
    """By which people's labels refer to it; no part of what is asked."""
    searched: bool = False
    """A search has asked for these very pictures, so that a judge who searches looks at all of them."""

    def __post_init__(self) -> None:
        if PLAIN not in self.images or max(self.images) > 0:
            raise LabelingError(f"expected pictures at 0 and at negative scales, got {sorted(self.images)}")

    @property
    def scales(self) -> list[float]:
        """From the plain model to the strongest suppression."""
        return sorted(self.images, reverse=True)


@dataclass(frozen=True)
class Sight:
    """What a judge saw on one picture; None where it was not asked or is unsure."""

    gone: bool | None
    """The concept is no longer visible."""
    kept: bool | None
    """The rest of the plain picture is still there, and it is a picture."""


@dataclass(frozen=True)
class Verdict:
    """One answer of one judge about one sweep, and who gave it."""

    outcome: VerdictOutcome
    scale: float | None = None
    """The scale that this answer chose; None when it chose none."""
    seen: Mapping[float, Sight] = field(default_factory=dict[float, Sight])
    """What it saw, scale by scale; empty when it did not judge."""
    reason: str = ""
    raw: str = "{}"
    """The whole answer, as JSON text."""
    usage: str = "{}"
    """What the API counted, as JSON text."""
    cost_usd: float = 0.0
    votes: bool = True
    """Whether it counts for the label; not where other answers of the same judge settled the question."""
    at: float | None = None
    """The scale that was asked about when no answer came; None where it judged, or was shown the whole sweep."""
    judge: str = ""
    """Kind of judge: `local`, `openai`, `detector`, `human`."""
    model: str = ""
    """Which model looked, weights included; of people, who they are."""
    rubric_version: str = ""
    """What it was asked, thresholds included."""
    layout: str = ""
    """How the pictures were shown; of a judge that answers several times, each answer has another one."""


@dataclass(frozen=True)
class Label:
    """The scale of one prompt, or why there is none."""

    scale: float | None
    """None unless `outcome` is ok."""
    outcome: LabelOutcome
    votes: int
    """How many verdicts had an opinion."""
    agreement: float
    """Share of them that agree with the label, at most one step of the sweep away; 0 when nobody had an opinion."""
    reason: str


class Judge(Protocol):
    """Who looks at sweeps."""

    async def judge(self, sweep: Sweep) -> Sequence[Verdict]:
        """All answers about one sweep, in the order they came; none where the judge has nothing to say about it.

        Never raises for an answer that is missing or odd: that is an outcome.
        """
        ...
