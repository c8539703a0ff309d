"""What a recipe says about an endpoint, as the pieces of `labeling.endpoint`: for judges and for the writer of prompts alike."""

import asyncio
import os
from dataclasses import dataclass, field

from labeling.asking import Answer, Asker, Memory, Question
from labeling.endpoint.budget import Budget
from labeling.endpoint.chat import Address, Endpoint
from labeling.endpoint.flight import Flight
from labeling.endpoint.prices import FREE, Price, Prices, find_price
from labeling.endpoint.probe import probe
from labeling.endpoint.remembering import Remembering
from labeling.endpoint.request import Dialect
from labeling.errors import LabelingError
from pipeline.settings import JudgeSettings

OPENAI = "https://api.openai.com/v1"


def find_address(settings: JudgeSettings) -> Address:
    """Where the model is asked: the recipe's endpoint, else OPENAI_BASE_URL, else OpenAI's own."""
    return Address(
        base_url=settings.base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI,
        model=settings.model,
        key_variable=settings.key_variable,
        answers_as=settings.answers_as,
    )


def make_endpoint(settings: JudgeSettings, *, most_usd: float | None = None) -> Endpoint:
    """An endpoint that is still closed; `most_usd` is this run's limit, else the recipe's holds.

    Raises:
        LabelingError: what the model costs is not known and the recipe does not say it.
    """
    return Endpoint(
        find_address(settings),
        dialect=find_dialect(settings),
        flight=Flight(settings.calls_at_once),
        budget=Budget(most_usd=settings.max_cost_usd if most_usd is None else most_usd),
        prices=find_prices(settings),
    )


def find_dialect(settings: JudgeSettings) -> Dialect:
    """How questions are put before the endpoint has been probed."""
    return Dialect(detail=settings.detail, seed=settings.seed)


def find_prices(settings: JudgeSettings) -> Prices:
    """The recipe's price, else nothing for a server on this machine, else the model's known one."""
    if settings.price_per_million is not None:
        price = Price(*settings.price_per_million)
    else:
        price = FREE if find_address(settings).is_here else find_price(settings.model)
    return Prices(price, low_detail=settings.detail == "low")


@dataclass
class Probed:
    """Finds out what an endpoint understands before it asks it the first question; an `Asker`.

    Not before there is one: when all answers are in the ledger nobody is called.
    """

    endpoint: Endpoint
    several: bool
    """Whether questions have several pictures."""
    _probed: bool = False
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def model(self) -> str:
        """The asked one's."""
        return self.endpoint.model

    async def ask(self, question: Question) -> Answer:
        """Ask it.

        Raises:
            LabelingError: key, model or what the endpoint can do is not what was expected.
            ConnectionError: nobody is there.
        """
        async with self._lock:
            if not self._probed and (missing := await self._probe()):
                return missing
        return await self.endpoint.ask(question)

    async def _probe(self) -> Answer | None:
        """An answer when the budget is too small for as much as this."""
        try:
            found = await probe(self.endpoint)
        except LabelingError as error:
            if self.endpoint.budget.reached:
                return Answer("budget", reason=str(error))
            raise
        if not (found.several_images if self.several else found.images):
            wanted = "several pictures" if self.several else "a picture"
            raise LabelingError(
                f"expected {self.model} to take {wanted} in a question, got {'; '.join(found.notes)}; choose another label.strategy or model"
            )
        self.endpoint.dialect = found.dialect
        self._probed = True
        return None


def remembering(endpoint: Endpoint | Probed, memory: Memory, *, replay: bool = False) -> Asker:
    """The endpoint behind its memory of paid answers."""
    identity = (endpoint.endpoint if isinstance(endpoint, Probed) else endpoint).identity
    return Remembering(endpoint, memory, identity=identity, replay=replay)
