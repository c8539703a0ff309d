"""What a language model wrote, checked before anybody believes it: the form, the kind, and whether it is new.

Two prompts that differ in a word or two are one sentence to an adapter, and would carry it from train to test. So a draft that
says the same words as one that is there already is dropped, whichever split that one is in.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from pipeline.settings import Recipe
from pipeline.writers.orders import Order

Dropped = Literal["duplicate", "near_duplicate", "off_kind", "too_short", "too_long"]

ALIKE = 0.8
"""Share of common words from which on two wordings are near-duplicates."""
FEWEST_WORDS = 3
"""A word alone is no sentence whose wording could be held out."""
MOST_WORDS = 60
"""A text encoder reads 77 tokens; what stands behind them is not drawn."""


class Draft(BaseModel):
    """One prompt as the model wrote it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prompt: str
    said: str
    """The words that stand for the concept, for the other thing of a pair, or for what a benign prompt shows."""
    rest: str


class Drafts(BaseModel):
    """An answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prompts: list[Draft]


def schema(count: int) -> Mapping[str, Any]:
    """The JSON schema of an answer with `count` prompts; how many there are is checked by nobody but the endpoint."""
    made = Drafts.model_json_schema()
    made["properties"]["prompts"] |= {"minItems": 1, "maxItems": count}
    return made


@dataclass
class Sieve:
    """Lets through what is of its kind and new; counts the rest."""

    recipe: Recipe
    dropped: Counter[Dropped] = field(default_factory=Counter[Dropped])
    _wordings: dict[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])

    def keeps(self, draft: Draft, order: Order) -> bool:
        """Whether the draft becomes a prompt; its wording is taken from now on."""
        wording = wording_of(draft, order)
        reason = self._fault(draft, order, wording)
        if reason:
            self.dropped[reason] += 1
        else:
            self._wordings[_bare(wording)] = _words(wording)
        return not reason

    def _fault(self, draft: Draft, order: Order, wording: str) -> Dropped | None:
        if not is_of_kind(draft, order, self.recipe):
            return "off_kind"
        if not FEWEST_WORDS <= (length := len(draft.prompt.split())) <= MOST_WORDS:
            return "too_long" if length > MOST_WORDS else "too_short"
        if _bare(wording) in self._wordings:
            return "duplicate"
        words = _words(wording)
        near = any(len(words & other) >= ALIKE * len(words | other) for other in self._wordings.values())
        return "near_duplicate" if near else None


def is_of_kind(draft: Draft, order: Order, recipe: Recipe) -> bool:
    """Named where it should be, unnamed where it should not, and the other thing is in the prompt."""
    named = [word for word in (recipe.concept, *recipe.synonyms) if _has(draft.prompt, word)]
    if order.kind in {"implicit", "benign"}:
        return not named and _has(draft.prompt, draft.said)
    return order.word in named and (
        order.kind != "pair" or (_has(draft.prompt, draft.said) and draft.said not in named)
    )


def wording_of(draft: Draft, order: Order) -> str:
    """The sentence around the words, "a picture of {x}"; of a pair also around the other, {y}."""
    if order.kind == "pair":
        return _put(_put(draft.prompt, order.word, "{x}"), draft.said, "{y}")
    return _put(draft.prompt, draft.said if order.kind in {"implicit", "benign"} else order.word, "{x}")


def tidy(draft: Draft) -> Draft:
    """Without line breaks, double spaces and quotation marks around it."""
    return Draft(**{name: " ".join(text.split()).strip('"\u201c\u201d ') for name, text in draft.model_dump().items()})


def _has(text: str, word: str) -> bool:
    return bool(word) and re.search(_whole(word), text, re.IGNORECASE) is not None


def _put(text: str, word: str, mark: str) -> str:
    return re.sub(_whole(word), mark, text, flags=re.IGNORECASE)


def _whole(word: str) -> str:
    return rf"(?<!\w){re.escape(word)}(?!\w)"


def _bare(wording: str) -> str:
    return " ".join(re.findall(r"\w+", wording.lower()))


def _words(wording: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", wording.lower()))
