"""A budget is never overshot, whatever is in flight, and is used as far as it goes."""

import asyncio
import sys
from collections.abc import Callable

import pytest

from labeling.asking import Answer
from labeling.endpoint.budget import Budget
from labeling.endpoint.chat import Endpoint
from labeling.endpoint.prices import Price, Prices
from tests.support.asked import ask_all, chance, endpoint_to, number_of, numbered, truth
from tests.support.scripted_server import PASSING, Asked, Reply, completion, scripted_server

PRICE = Price(10.0, 50.0)
LEAST, MOST = 60, 110
"""Prompt tokens that the server counts."""


def usage(asked: Asked) -> dict[str, int]:
    """Other numbers for each sweep."""
    drawn = chance(number_of(asked))
    return {"prompt_tokens": drawn.randint(LEAST, MOST), "completion_tokens": drawn.randint(5, 50)}


def counting(asked: Asked) -> Reply:
    """The right answer, with its usage; now and then a fault before, which may have cost something or not."""
    drawn = chance(number_of(asked), asked.earlier)
    if drawn.random() < 0.2:
        return PASSING[drawn.choice(["busy", "broken", "cut", "garbled"])](truth(1))
    answer = completion(truth(number_of(asked)), usage=usage(asked))
    return Reply(answer.content, delay_s=drawn.random() * 0.01)


def cost(asked: Asked) -> float:
    """What the server would bill for an answer."""
    counted = usage(asked)
    return (counted["prompt_tokens"] * PRICE.input_usd + counted["completion_tokens"] * PRICE.output_usd) / 1e6


@pytest.mark.parametrize("most_usd", [0.0, 0.02, 0.05, 0.15])
def test_no_budget_is_overshot(most_usd: float) -> None:
    """Neither by what was spent nor by what the server may bill; and what is left would not have paid for much more."""

    async def run(url: str) -> tuple[list[Answer], Endpoint]:
        async with endpoint_to(url, budget=Budget(most_usd), prices=Prices(PRICE)) as endpoint:
            return await ask_all(endpoint, map(numbered, range(120))), endpoint

    with scripted_server(counting) as server:
        answers, endpoint = asyncio.run(run(server.url))
    billed = sum(cost(asked) for asked in server.asked if chance(number_of(asked), asked.earlier).random() >= 0.2)
    spent = endpoint.budget.spent_usd
    sys.stdout.write(f"budget ${most_usd}: spent ${spent:.5f}, billed ${billed:.5f}\n")
    assert billed <= spent + 1e-9 <= most_usd + 2e-9
    assert endpoint.budget.reserved_usd == 0
    assert endpoint.budget.reached
    assert {answer.outcome for answer in answers} <= {"ok", "budget", "transport"}
    assert sum(answer.cost_usd for answer in answers) == pytest.approx(spent)
    assert most_usd - spent <= max(map(endpoint.prices.bound, map(numbered, range(120))))


def test_a_call_waits_for_what_others_may_give_back() -> None:
    """The second call has room only when the first turned out cheap."""

    async def run() -> tuple[Budget, list[str]]:
        budget, order = Budget(1.0), list[str]()

        async def call(name: str, bound: Callable[[], float], usd: float) -> None:
            async with budget.reserve(bound) as reserved:
                order.append(f"{name} {'flies' if reserved else 'is turned down'}")
                if reserved:
                    await asyncio.sleep(0.01)
                    reserved.cost_usd = usd

        await asyncio.gather(call("first", lambda: 0.8, 0.1), call("second", lambda: 0.8, 0.7))
        await call("third", lambda: 0.3, 0.1)
        return budget, order

    budget, order = asyncio.run(run())
    assert order == ["first flies", "second flies", "third is turned down"]
    assert budget.spent_usd == pytest.approx(0.8)


def test_a_call_that_is_cut_off_is_taken_as_paid() -> None:
    """For the endpoint may have answered it."""

    async def run(url: str) -> Endpoint:
        endpoint = endpoint_to(url, budget=Budget(1.0), prices=Prices(PRICE))
        async with endpoint:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(endpoint.ask(numbered(1)), 0.3)
        return endpoint

    with scripted_server(lambda _: Reply(completion(truth(1)).content, delay_s=5.0)) as server:
        endpoint = asyncio.run(run(server.url))
    assert endpoint.budget.spent_usd == pytest.approx(endpoint.prices.bound(numbered(1)))
    assert endpoint.flight.under_way == 0
