"""The records of judging: what is shown to a judge, what it answers, what is concluded.

An answer that did not come is a value with a reason, never a default scale and never a missing row.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from PIL.Image import Image

from labeling.errors import LabelingError

VerdictOutcome = Literal["ok", "refused", "filtered", "invalid", "truncated", "transport", "budget"]
"""`ok`: judged. The others: why there is no judgement."""
LabelOutcome = Literal["ok", "absent", "none_works", "unscored"]
"""`absent`: the plain picture lacks the concept. `none_works`: no scale erases it and keeps the rest. `unscored`: not judged."""

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
    """Scale -> picture; 0 and at least one negative scale."""

    def __post_init__(self) -> None:
        if PLAIN not in self.images or len(self.images) < 2 or max(self.images) > 0:
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
    """One answer of one judge about one sweep."""

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
    """Who looks at sweeps. The four names make the key under which an answer is kept."""

    @property
    def name(self) -> str:
        """Kind of judge: `local`."""
        ...

    @property
    def model(self) -> str:
        """Which model looks, weights included."""
        ...

    @property
    def rubric_version(self) -> str:
        """What it was asked, thresholds included."""
        ...

    @property
    def layout(self) -> str:
        """How the pictures are shown."""
        ...

    def judge(self, sweep: Sweep) -> Verdict:
        """Look at one sweep; never raises for an answer that is missing or odd: that is an outcome."""
        ...
