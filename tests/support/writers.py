"""A stand-in for a language model that writes prompts: whatever a test wants it to say, and a record of what it was asked."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from labeling.asking import Answer, Question

Draft = dict[str, str]
PLACES = (
    "beach",
    "forest",
    "kitchen",
    "market",
    "studio",
    "rooftop",
    "tunnel",
    "garden",
    "library",
    "harbour",
    "desert",
    "attic",
)
MOODS = ("at dawn", "in heavy rain", "by candle light", "under a red sky", "seen from above", "in thick fog")


@dataclass
class Scripted:
    """An `Asker` whose answers a function makes out of the question and its number."""

    answer: Callable[[Question, int], Answer]
    model: str = "scripted"
    asked: list[Question] = field(default_factory=list[Question])

    async def ask(self, question: Question) -> Answer:
        """The next answer."""
        self.asked.append(question)
        return self.answer(question, len(self.asked) - 1)


def drafts(texts: Sequence[str], said: str = "", rest: str = "a place") -> Answer:
    """An answer with these prompts."""
    return Answer("ok", {"prompts": [{"prompt": text, "said": said, "rest": rest} for text in texts]}, cost_usd=0.001)


def diligent(question: Question, number: int) -> Answer:
    """As many prompts as asked for, with the word, each unlike all others."""
    text = str(question.parts[0])
    count = int(re.search(r"Write (\d+)", text)[1])  # pyright: ignore[reportOptionalSubscript]
    word = re.search(r'contains "(.+?)"', text)
    first = 7 * number
    return drafts(
        [_sentence(first + place, word[1] if word else "a chair", number) for place in range(count)], said="chair"
    )


def _sentence(number: int, word: str, salt: int) -> str:
    place, mood = PLACES[number % len(PLACES)], MOODS[(number // len(PLACES)) % len(MOODS)]
    return f"scene {number} of series {salt}: {word} with one chair near the {place} {mood}"


def value(answer: Answer) -> Any:
    """The JSON of an answer."""
    return answer.value
