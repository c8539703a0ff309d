"""Never more calls than allowed; fewer when the endpoint says so; back up again."""

import asyncio
import time

from labeling.endpoint.flight import Flight
from labeling.endpoint.retrying import Retries
from tests.support.asked import ask_all, endpoint_to, numbered, truthful
from tests.support.scripted_server import Asked, Reply, problem, scripted_server


def test_no_more_than_allowed_are_under_way() -> None:
    """And as many as allowed are."""

    async def run() -> Flight:
        flight = Flight(5)

        async def call() -> None:
            async with flight.call():
                await asyncio.sleep(0.001)

        await asyncio.gather(*(call() for _ in range(50)))
        return flight

    flight = asyncio.run(run())
    assert (flight.highest, flight.under_way) == (5, 0)


def test_many_refusals_of_one_moment_shrink_once() -> None:
    """Calls that began before the last shrinking tell nothing new; later ones do, down to one call."""

    async def run() -> list[int]:
        flight = Flight(10)
        flight.under_way = 10
        began = time.monotonic()
        for _ in range(10):
            flight.shrink(began)
        limits = [int(flight.limit)]
        for _ in range(20):
            flight.shrink(time.monotonic() + 1)
        limits.append(int(flight.limit))
        for _ in range(1000):
            flight.grow()
        return [*limits, int(flight.limit)]

    assert asyncio.run(run()) == [8, 1, 10]


def test_a_call_that_gives_up_leaves_its_place() -> None:
    """Whether it waited or had just been let in."""

    async def run() -> int:
        flight = Flight(1)

        async def call(seconds: float) -> None:
            async with flight.call():
                await asyncio.sleep(seconds)

        first, *others = [asyncio.create_task(call(0.01)) for _ in range(5)]
        await asyncio.sleep(0)
        others[1].cancel()
        await first
        others[0].cancel()
        await asyncio.gather(*others, return_exceptions=True)
        async with asyncio.timeout(1), flight.call():
            return flight.under_way

    assert asyncio.run(run()) == 1


def test_the_endpoint_s_limit_is_found() -> None:
    """An endpoint that takes 4 calls at once is not asked 16 at a time for long, and everything is answered."""

    def script(asked: Asked) -> Reply:
        if asked.in_flight > 4:
            return problem(429, "too many at once")
        return Reply(truthful(asked).content, delay_s=0.005)

    async def run(url: str) -> tuple[set[str], int]:
        retries = Retries(attempts=40, base_s=0.005, cap_s=0.02)
        async with endpoint_to(url, flight=Flight(16), retries=retries) as endpoint:
            answers = await ask_all(endpoint, map(numbered, range(150)))
            return {answer.outcome for answer in answers}, int(endpoint.flight.limit)

    with scripted_server(script) as server:
        outcomes, limit = asyncio.run(run(server.url))
    assert outcomes == {"ok"}
    assert limit < 12
    assert len(server.asked) < 1.5 * 150
