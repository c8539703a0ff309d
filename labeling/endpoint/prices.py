"""What a question costs: before it is asked, at most and probably; afterwards, by what the endpoint counted.

Rules for the tokens of pictures differ between models and change without notice, so a table is only a beginning: the first replies
say how far it is off, for each kind of question by itself (same schema, as many pictures).
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PIL.Image import Image

from labeling.asking import Question
from labeling.errors import LabelingError

OVERHEAD = 64
"""Tokens of a request around its texts: roles, separators, the frame of a schema."""
DOUBT = 3.0
"""How far a kind of question may be above the table before any of it was counted."""
MARGIN = 1.25
"""How far it may be above the dearest one that was."""


@dataclass(frozen=True)
class Tiles:
    """OpenAI's older rule: at most 768 pixels on the short side, then tiles of 512."""

    base: int
    tile: int

    def count(self, width: int, height: int, *, low: bool = False) -> int:
        """Tokens of one picture."""
        if low:
            return self.base
        shrink = min(1.0, 2048 / max(width, height))
        shrink *= min(1.0, 768 / (min(width, height) * shrink))
        return self.base + self.tile * math.ceil(width * shrink / 512) * math.ceil(height * shrink / 512)


@dataclass(frozen=True)
class Patches:
    """A token, or some, for each patch of a picture."""

    size_px: int = 28
    times: float = 1.0
    most: int = 16384

    def count(self, width: int, height: int, *, low: bool = False) -> int:  # noqa: ARG002 - the rule knows no detail
        """Tokens of one picture."""
        patches = math.ceil(width / self.size_px) * math.ceil(height / self.size_px)
        return math.ceil(min(patches, self.most) * self.times)


@dataclass(frozen=True)
class Price:
    """Dollars for a million tokens, and how pictures become tokens."""

    input_usd: float
    output_usd: float
    cached_usd: float | None = None
    """Of input that the endpoint had seen before; None: as the rest."""
    pictures: Tiles | Patches = Patches()


FREE = Price(0.0, 0.0)
_OLD = Tiles(85, 170)
PRICES: Mapping[str, Price] = {
    "gpt-4o": Price(2.5, 10.0, 1.25, _OLD),
    "gpt-4o-2024-05-13": Price(5.0, 15.0, None, _OLD),  # the first snapshot kept its first price
    "gpt-4o-mini": Price(0.15, 0.6, 0.075, Tiles(2833, 5667)),
    "gpt-4.1": Price(2.0, 8.0, 0.5, _OLD),
    "gpt-4.1-mini": Price(0.4, 1.6, 0.1, Patches(32, 1.62, 1536)),
    "gpt-4.1-nano": Price(0.1, 0.4, 0.025, Patches(32, 2.46, 1536)),
    "gpt-5": Price(1.25, 10.0, 0.125, Tiles(70, 140)),
    "gpt-5-mini": Price(0.25, 2.0, 0.025, Patches(32, 1.62, 1536)),
    "gpt-5-nano": Price(0.05, 0.4, 0.005, Patches(32, 2.46, 1536)),
}
"""Compared in 2026-11 with a copy of OpenAI's price page (https://platform.openai.com/docs/pricing, kept in the repository photiary/ai-foo
as prompts/OpenAI-Pricing.md, autumn 2025), which says the same of all of them. The page of 2026 lists newer models and no longer the gpt-4
ones; who is billed otherwise, or asks another model, says so: `price_per_million` in params.yaml, `--price` on the command line. The tokens
of pictures are those of OpenAI's guide to vision, as the table of srinathmkce/imagetoken repeats them."""


def find_price(model: str) -> Price:
    """The price of a model, or of the one that it is a dated snapshot of.

    Raises:
        LabelingError: it is not in the table; no price is guessed.
    """
    name, _, _ = model.partition("-20")
    for known in (model, name):
        if known in PRICES:
            return PRICES[known]
    raise LabelingError(
        f"expected a model with a known price ({', '.join(PRICES)}), got {model!r}; "
        "set price_per_million: [input, output], or give --price INPUT OUTPUT: dollars a million tokens"
    )


@dataclass(frozen=True)
class Estimate:
    """What a question probably takes."""

    prompt_tokens: int
    completion_tokens: int
    usd: float


@dataclass
class _Seen:
    """What was counted for one kind of question, in parts of what the table says."""

    prompts: float = 0.0
    dearest: float = 0.0
    completions: float = 0.0
    count: int = 0


class Prices:
    """Prices of one model, better with each reply; `share` is the part of the price that is paid (a batch: 0.5)."""

    def __init__(self, price: Price = FREE, *, share: float = 1.0, low_detail: bool = False) -> None:
        self.price = price
        self.share = share
        self.low_detail = low_detail
        self._seen: dict[tuple[str, int], _Seen] = {}

    def expected(self, question: Question) -> Estimate:
        """The average of its kind; before any reply, what the table says, and half the answer's limit."""
        seen = self._seen.get(_kind(question))
        prompt, completion = float(self._prompt(question)), question.max_tokens / 2
        if seen:
            prompt *= seen.prompts / seen.count
            completion = seen.completions / seen.count
        return Estimate(round(prompt), round(completion), self._usd(prompt, completion))

    def bound(self, question: Question) -> float:
        """The most it may cost in dollars."""
        seen = self._seen.get(_kind(question))
        times = seen.dearest * MARGIN if seen else DOUBT
        return self._usd(self._prompt(question) * times, question.max_tokens)

    def cost(self, question: Question, usage: Mapping[str, Any] | None) -> float:
        """What a reply cost; when the endpoint did not count, the most that it may have cost."""
        counted = _counted(usage)
        if counted is None:
            return self.bound(question)
        self._learn(question, *counted[:2])
        return self._paid(*counted)

    def paid(self, usage: Mapping[str, Any] | None) -> float | None:
        """What was counted, in dollars; None when nothing was."""
        counted = _counted(usage)
        return None if counted is None else self._paid(*counted)

    def _paid(self, prompt: float, completion: float, cached: float) -> float:
        cached_usd = self.price.input_usd if self.price.cached_usd is None else self.price.cached_usd
        return self._usd(prompt, completion) - cached * (self.price.input_usd - cached_usd) * self.share / 1e6

    def _learn(self, question: Question, prompt: float, completion: float) -> None:
        seen = self._seen.setdefault(_kind(question), _Seen())
        ratio = prompt / self._prompt(question)
        seen.prompts += ratio
        seen.dearest = max(seen.dearest, ratio)
        seen.completions += completion
        seen.count += 1

    def _prompt(self, question: Question) -> int:
        """Tokens by the table; four letters are one."""
        texts = [question.system, json.dumps(dict(question.schema))]
        texts += [part for part in question.parts if isinstance(part, str)]
        letters = sum(len(text.encode()) for text in texts)
        pictures = [part.size for part in question.parts if isinstance(part, Image)]
        count = self.price.pictures.count
        return OVERHEAD + letters // 4 + sum(count(*size, low=self.low_detail) for size in pictures)

    def _usd(self, prompt: float, completion: float) -> float:
        return (prompt * self.price.input_usd + completion * self.price.output_usd) * self.share / 1e6


def _kind(question: Question) -> tuple[str, int]:
    return question.schema_name, sum(isinstance(part, Image) for part in question.parts)


def _counted(usage: Mapping[str, Any] | None) -> tuple[float, float, float] | None:
    """Prompt, completion and cached tokens; None when the reply does not say."""
    told = usage or {}
    prompt, completion = told.get("prompt_tokens"), told.get("completion_tokens")
    if not isinstance(prompt, int | float) or not isinstance(completion, int | float):
        return None
    details = told.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else 0
    return prompt, completion, cached if isinstance(cached, int | float) else 0
