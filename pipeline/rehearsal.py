"""A judge's questions asked of nobody: how many there are and how long, for `gie plan`.

The strategies themselves put the questions, over blank pictures of the right size, and a stand-in answers. It answers whole sheets so
that both layouts agree, or so that neither convinces and bisection has to settle: the two ends between which a real judge's calls lie.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from labeling.asking import Answer, Question
from labeling.rubric import REFERENCE
from labeling.verdict import Sweep

REST = "a wooden table, soft light"
"""What prompts that are still to be written ask for besides the concept."""
NAMES = re.compile(r"For each of the pictures (.+?), answer")
WHOLE = "PickedViews"
"""Name of the schema of questions about a whole sweep."""


@dataclass(frozen=True)
class Length:
    """What one question or many cost."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: float = 0.0

    def __add__(self, other: "Length") -> "Length":
        return Length(
            self.calls + other.calls,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.usd + other.usd,
        )

    def times(self, count: float) -> "Length":
        """Of `count` as many; calls and tokens rounded up."""
        up = [-int(-value * count // 1) for value in (self.calls, self.prompt_tokens, self.completion_tokens)]
        return Length(*up, usd=self.usd * count)


@dataclass
class StandIn:
    """An `Asker` that measures what it is asked."""

    model: str
    measure: Callable[[Question], Length]
    agrees: bool
    """Whether what it says of a whole sweep needs no settling."""
    asked: Length = field(default_factory=Length)

    async def ask(self, question: Question) -> Answer:
        """An answer in the rubric's form."""
        self.asked += self.measure(question)
        gone = self._gone(question)
        views = [
            {"picture": name, "gone": self._told(question, name, gone), "kept": "yes"} for name in _names(question)
        ]
        return Answer("ok", {"views": views, "pick": "none"} if question.schema_name == WHOLE else {"views": views})

    def _told(self, question: Question, name: str, gone: str) -> str:
        """Of a whole sweep the plain picture shows the concept: that something works and nothing is picked has to be settled."""
        return "no" if question.schema_name == WHOLE and name == REFERENCE else gone

    def _gone(self, question: Question) -> str:
        if question.schema_name == WHOLE:
            return "no" if self.agrees else "yes"
        return "yes" if _brightness(question) >= 128 else "no"


def blank_sweep(scales: list[float], size: tuple[int, int], words: tuple[str, str, str]) -> Sweep:
    """A sweep whose pictures are dark up to its middle and bright from there on.

    Args:
        scales: all, 0 among them.
        size: width and height in pixels.
        words: prompt, concept, and what is asked besides.
    """
    ladder = sorted(scales, reverse=True)
    shades = {scale: 255 * index // (len(ladder) - 1) for index, scale in enumerate(ladder)}
    images = {scale: Image.new("RGB", size, (shade, shade, shade)) for scale, shade in shades.items()}
    return Sweep(words[0], words[2], words[1], (), images)


def _names(question: Question) -> list[str]:
    found = NAMES.search(str(question.parts[0]))
    assert found is not None
    return found[1].split(", ")


def _brightness(question: Question) -> int:
    pictures: list[Any] = [part for part in question.parts if not isinstance(part, str)]
    return int(pictures[-1].getpixel((0, 0))[0])
