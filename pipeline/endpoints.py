"""What a recipe says about an endpoint, as the pieces of `labeling.endpoint`: for judges and for the writer of prompts alike."""

import os
from urllib.parse import urlsplit

from labeling.asking import Asker, Memory
from labeling.endpoint.budget import Budget
from labeling.endpoint.chat import Address, Endpoint
from labeling.endpoint.flight import Flight
from labeling.endpoint.prices import FREE, Price, Prices, find_price
from labeling.endpoint.remembering import Remembering
from labeling.endpoint.request import Dialect
from pipeline.settings import JudgeSettings

OPENAI = "https://api.openai.com/v1"
HERE = {"127.0.0.1", "::1", "localhost"}


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
        return Prices(Price(*settings.price_per_million))
    here = urlsplit(find_address(settings).base_url).hostname in HERE
    return Prices(FREE if here else find_price(settings.model))


def remembering(endpoint: Endpoint, memory: Memory, *, replay: bool = False) -> Asker:
    """The endpoint behind its memory of paid answers."""
    return Remembering(endpoint, memory, identity=endpoint.identity, replay=replay)
