"""Pictures to facts: what an evaluator sees of each, for what its prompt asks.

An eye looks for one target. This one names things: a network that knows some objects, styles and backgrounds. Where the target
is none of those it knows, a detector looks instead (`pipeline.detecting`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from PIL import Image

from gie.errors import InputError
from pipeline.outcome import Limits, Seen
from pipeline.tables import Prompt

FOUND = 0.5
"""Probability from which on something is found; part of the protocol that `terms` states."""


class Eye(Protocol):
    """Who looks at the pictures of an evaluation; never the judge that labelled them."""

    @property
    def limits(self) -> Limits:
        """What is enough for a picture to be kept."""
        ...

    @property
    def terms(self) -> Mapping[str, str]:
        """The protocol by name, and by whom and against which limits it is measured: what `protocol.json` states."""
        ...

    def look(self, prompts: Sequence[Prompt], images: Sequence[Image.Image]) -> list[Seen]:
        """What is on each picture; `prompts[i]` asked for `images[i]`."""
        ...


class Scores(Protocol):
    """What an evaluator answers: probabilities `[images, names]`, columns in the order of its names."""

    @property
    def concepts(self) -> np.ndarray:
        """Each on its own: several objects may be there."""
        ...

    @property
    def styles(self) -> np.ndarray:
        """They sum to 1."""
        ...

    @property
    def backgrounds(self) -> np.ndarray:
        """They sum to 1."""
        ...

    @property
    def quality(self) -> np.ndarray:
        """`[images]`, 1 = clearly a picture."""
        ...


class Evaluator(Protocol):
    """A network that names what it sees. `training.emoji.evaluator` has one."""

    @property
    def concepts(self) -> tuple[str, ...]:
        """Names of the objects it knows."""
        ...

    @property
    def styles(self) -> tuple[str, ...]:
        """Names of the drawing styles it knows."""
        ...

    @property
    def backgrounds(self) -> tuple[str, ...]:
        """Names of the backgrounds it knows."""
        ...

    @property
    def quality_threshold(self) -> float:
        """Quality from which on a picture is a picture."""
        ...

    def score(self, images: list[Image.Image]) -> Scores:
        """Scores of pictures of any size."""
        ...


@dataclass(frozen=True)
class NamingEye:
    """An evaluator that looks for one of the objects it can name; an `Eye`."""

    evaluator: Evaluator
    target: str
    """The concept that is erased, by the evaluator's name for it."""
    name: str
    """Of the evaluator, for the protocol."""

    def __post_init__(self) -> None:
        """Raise InputError when the evaluator does not know the target."""
        _column(self.target, self.evaluator.concepts, "concept")

    @property
    def limits(self) -> Limits:
        """The evaluator's own."""
        return Limits(quality=self.evaluator.quality_threshold)

    @property
    def terms(self) -> Mapping[str, str]:
        """See `Eye`."""
        return {
            "protocol": "gie-conditional-1",
            "evaluator": self.name,
            "target": self.target,
            "found": f"probability >= {FOUND:g}",
            "a picture": f"quality >= {self.limits.quality:g}",
            "concepts": ", ".join(self.evaluator.concepts),
            "styles": ", ".join(self.evaluator.styles),
            "backgrounds": ", ".join(self.evaluator.backgrounds),
        }

    def look(self, prompts: Sequence[Prompt], images: Sequence[Image.Image]) -> list[Seen]:
        """See `Eye`."""
        scores = self.evaluator.score(list(images))
        target = scores.concepts[:, _column(self.target, self.evaluator.concepts, "concept")]
        return [
            Seen(
                target=bool(target[row] >= FOUND),
                probability=float(target[row]),
                other=_found(prompt.other, self.evaluator.concepts, scores.concepts[row]),
                style=_found(prompt.style, self.evaluator.styles, scores.styles[row]),
                background=_found(prompt.background, self.evaluator.backgrounds, scores.backgrounds[row]),
                quality=float(scores.quality[row]),
            )
            for row, prompt in enumerate(prompts)
        ]


def _found(asked: str, names: tuple[str, ...], probabilities: np.ndarray) -> bool | None:
    return bool(probabilities[_column(asked, names, "name")] >= FOUND) if asked else None


def _column(asked: str, names: tuple[str, ...], what: str) -> int:
    if asked not in names:
        msg = f"expected a {what} that the evaluator knows ({', '.join(names)}), got {asked!r}; take another evaluator"
        raise InputError(msg)
    return names.index(asked)
