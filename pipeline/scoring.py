"""Pictures to facts: the evaluator's probabilities, read for what each prompt asks for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from PIL import Image

from gie.errors import InputError
from pipeline.outcome import Seen
from pipeline.tables import Prompt

FOUND = 0.5
"""Probability from which on something is found; part of the protocol that `protocol` states."""


class Scores(Protocol):
    """What an evaluator answers; the columns follow its names."""

    @property
    def concepts(self) -> np.ndarray: ...
    @property
    def styles(self) -> np.ndarray: ...
    @property
    def backgrounds(self) -> np.ndarray: ...
    @property
    def quality(self) -> np.ndarray: ...


class Evaluator(Protocol):
    """The network that judges the end result: never the judge that labelled. `training.emoji.evaluator` is one."""

    @property
    def concepts(self) -> tuple[str, ...]: ...
    @property
    def styles(self) -> tuple[str, ...]: ...
    @property
    def backgrounds(self) -> tuple[str, ...]: ...
    @property
    def quality_threshold(self) -> float: ...
    def score(self, images: list[Image.Image]) -> Scores: ...


@dataclass(frozen=True)
class Eye:
    """An evaluator that looks for one target."""

    evaluator: Evaluator
    target: str
    """The concept that is erased, by the evaluator's name for it."""

    def __post_init__(self) -> None:
        """Raise InputError when the evaluator does not know the target."""
        _column(self.target, self.evaluator.concepts, "concept")

    def look(self, prompts: Sequence[Prompt], images: Sequence[Image.Image]) -> list[Seen]:
        """What is on each picture; `prompts[i]` asked for `images[i]`."""
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
