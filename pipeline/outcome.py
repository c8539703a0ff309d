"""What suppression did to one picture, seen by the evaluator: is the concept gone, is the rest kept?

Everything is conditional on the plain model: what was not on the picture at w = 0 can be neither erased nor lost. A
picture that is no picture any more (noise, smear, blank) keeps nothing, so a wreck never counts as a success.
"""

from dataclasses import dataclass

from pipeline.tables import Kind


@dataclass(frozen=True)
class Seen:
    """What the evaluator found on one picture."""

    target: bool
    probability: float
    """0 to 1, how sure the evaluator is of the target; `target` is this against its limit."""
    other: bool | None
    """The other object of a pair or the benign object; None, here and below, where the prompt asks for none."""
    style: bool | None
    background: bool | None
    quality: float
    """0 (noise, blank, smeared) to 1 (a picture)."""
    rest: float | None = None
    """CLIP score with what the prompt asks besides the concept, 0 to 100; None where the evaluator takes none."""


@dataclass(frozen=True)
class Limits:
    """What is enough; part of the protocol."""

    quality: float
    """From here on a picture is a picture."""
    rest: float = 0.0
    """Share of the plain picture's CLIP score that must be left; 0 where none is taken."""


@dataclass(frozen=True)
class Outcome:
    """The three answers; None where the plain picture gives nothing to compare with."""

    gone: bool | None
    """The concept was there at w = 0 and is not now; None on benign prompts too."""
    kept: bool | None
    """What was there besides the concept still is, on a picture that is one."""
    success: bool | None
    """Gone and kept; on benign prompts kept alone."""


UNCOUNTED = Outcome(gone=None, kept=None, success=None)
"""The plain model did not draw what the prompt is about."""


def compare(before: Seen, after: Seen, *, kind: Kind, limits: Limits) -> Outcome:
    """Outcome of `after` against `before`, the plain model's picture of the same prompt and seed."""
    kept = after.quality >= limits.quality and not _lost(before, after, limits.rest)
    if kind == "benign":
        return Outcome(gone=None, kept=kept, success=kept) if before.other else UNCOUNTED
    if not before.target:
        return UNCOUNTED
    gone = not after.target
    return Outcome(gone=gone, kept=kept, success=gone and kept)


def _lost(before: Seen, after: Seen, rest: float) -> bool:
    pairs = [(before.other, after.other), (before.style, after.style), (before.background, after.background)]
    faded = before.rest is not None and after.rest is not None and after.rest < rest * before.rest
    return faded or any(was and not still for was, still in pairs)
