"""Every column of every table, once: the contract between the stages, the validation and the data card.

A row is a frozen dataclass; its annotations are the column types (`X | None`: may be null, `Literal`: only these values),
its docstrings what the columns mean, its `key` the order of the rows and what makes a row unique. How rows become Parquet
files and come back stands in `pipeline.parquet`. Scales are 64-bit floats, so that -1.2 is still -1.2 after a round trip.
"""

from dataclasses import dataclass
from typing import Literal

from labeling.outcomes import LabelOutcome, VerdictOutcome

Kind = Literal["explicit", "synonym", "implicit", "pair", "benign"]
"""How a prompt asks for the concept: by name, by another name, unnamed, beside another object, not at all."""
Split = Literal["train", "val", "test"]

KINDS: tuple[Kind, ...] = ("explicit", "synonym", "implicit", "pair", "benign")
SPLITS: tuple[Split, ...] = ("train", "val", "test")


@dataclass(frozen=True)
class Prompt:
    """One prompt with its noise."""

    prompt_id: str
    """16 hex digits: hash of the prompt, the concept and the seed."""
    prompt: str
    """The text that the model gets."""
    concept: str
    """What the adapter erases."""
    word: str
    """How this prompt says it: a name with its article, an implied phrase; for benign the other object's name."""
    kind: Kind
    wording: str
    """The sentence around the word, "a picture of {x}"; whole wordings are held out by the splits."""
    rest: str
    """What is asked besides the concept, in plain words: "a cat, noto style, blue background"; "" if nothing."""
    other: str
    """Vocabulary name of the other object of a pair, or of the benign object; else ""."""
    style: str
    """The drawing style that the prompt names, else ""."""
    background: str
    """The background that the prompt names, else ""."""
    seed: int
    """Seed of the first latents, 0 ... 2**31 - 1; all scales of the prompt share it."""
    split: Split

    @property
    def key(self) -> tuple[str]:
        """Unique; the table is sorted by it."""
        return (self.prompt_id,)


@dataclass(frozen=True)
class SweepImage:
    """One picture of a sweep."""

    prompt_id: str
    scale: float
    """The injected w, 0 (plain model) or negative."""
    image: bytes
    """PNG."""

    @property
    def key(self) -> tuple[str, float]:
        """Unique; prompts in order, each from w = 0 down."""
        return (self.prompt_id, -self.scale)


EOT = -1
"""Stands for the concept's [EOT] among its tokens."""


@dataclass(frozen=True)
class Feature:
    """Mean attention to one concept token in each cross-attention layer, read in the first step."""

    prompt_id: str
    token: int
    """Index among the concept's own tokens; -1 is its [EOT]."""
    injected: float
    """The w that was injected while they were read: +1 and 0 are probes, the others come along the sweep."""
    values: tuple[float, ...]
    """`[layers]` in call order (down, mid, up), 32-bit."""
    noises: int = 0
    """Of how many noises, the same for all prompts, it is the mean; 0: read from the picture's own."""

    @property
    def key(self) -> tuple[str, int, float, int]:
        """Unique; tokens in order, each from +1 down."""
        return (self.prompt_id, self.token, -self.injected, self.noises)


@dataclass(frozen=True)
class VerdictRow:
    """One answer of one judge about one sweep."""

    prompt_id: str
    judge: str
    model: str
    rubric_version: str
    layout: str
    """How the pictures were shown: their order, one by one or on a sheet."""
    outcome: VerdictOutcome
    scale: float | None
    """The scale that this answer chose; null when it chose none."""
    seen: str
    """What was seen, as JSON text: scale -> {gone, kept}, each true, false or null (not asked, unsure)."""
    reason: str
    raw: str
    """The whole answer, as JSON text."""
    usage: str
    """What the API counted (tokens), as JSON text; "{}" when nothing was counted."""
    cost_usd: float
    votes: bool
    """Whether it counts for the label; not where other answers of the same judge settled the question."""
    at: float | None
    """The scale that was asked about when no answer came; null where it judged, or was shown the whole sweep."""

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """Unique."""
        return (self.prompt_id, self.judge, self.model, self.rubric_version, self.layout)


@dataclass(frozen=True)
class LabelRow:
    """The scale of one prompt, or why there is none."""

    prompt_id: str
    scale: float | None
    """The weakest scale that erases the concept and keeps the rest; null unless `outcome` is ok."""
    outcome: LabelOutcome
    votes: int
    """How many verdicts had an opinion."""
    agreement: float
    """Share of those verdicts that agree with the label, 0 ... 1."""
    reason: str

    @property
    def key(self) -> tuple[str]:
        """Unique."""
        return (self.prompt_id,)


@dataclass(frozen=True)
class LessonRow:
    """What an adapter learned from one prompt and concept token; a published adapter can be trained again from these alone."""

    prompt_id: str
    token: int
    """Index among the concept's own tokens."""
    prompt: str
    kind: Kind
    split: Split
    """train: learned from; val: watched."""
    weakest: float
    """The label: the weakest scale that erases the concept and keeps the rest; 0 where there is nothing to erase."""
    strongest: float
    """The last scale up to which all work."""
    values: tuple[float, ...]
    """`[layers]` features, read with the injected w of the adapter's config."""

    @property
    def key(self) -> tuple[str, int]:
        """Unique; the table is sorted by it."""
        return (self.prompt_id, self.token)


@dataclass(frozen=True)
class EvaluationRow:
    """One picture of a held-out prompt under one policy, and what the evaluator sees in it."""

    prompt_id: str
    kind: Kind
    split: Split
    policy: str
    """plain | fixed:-7 | adapter | oracle: who chose the scale."""
    scale: float
    target_before: float
    """How sure the evaluator is that the target is in the plain model's picture, 0 ... 1."""
    target: float
    """The same of this picture."""
    found_before: bool
    """The target is seen in the plain model's picture: `target_before` against the evaluator's limit."""
    found: bool
    """It is seen in this picture."""
    other_found: bool | None
    """The other object of a pair, or the benign object, is seen; null when none was asked for."""
    style_found: bool | None
    background_found: bool | None
    rest: float | None
    """CLIP score with what was asked besides the concept, 0 ... 100; null where the evaluator takes none."""
    quality: float
    """0 (noise, blank, smeared) ... 1 (a picture)."""
    gone: bool | None
    """The target was seen at w = 0 and no longer is; null when it was never seen, and on benign prompts."""
    kept: bool | None
    """What was seen at w = 0 besides the target is still there, and it is a picture; null where success is."""
    success: bool | None
    """Gone and kept, on benign prompts kept alone; null when the target (benign: the object) was not seen at w = 0."""

    @property
    def key(self) -> tuple[str, str]:
        """Unique."""
        return (self.prompt_id, self.policy)
