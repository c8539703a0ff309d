"""Two hundred sweeps against a server of which a third of the replies are faults."""

import asyncio
import sys
from collections import Counter

from labeling.asking import Answer
from labeling.endpoint.flight import Flight
from tests.support.asked import QUICK, ask_all, chance, endpoint_to, number_of, numbered, truth, truthful
from tests.support.scripted_server import FAULTS, OUTCOMES, PASSING, Asked, Reply, scripted_server

SWEEPS = 200
FAULTY = 0.3
SEED = 1


def fault_of(number: int, earlier: int) -> str:
    """What goes wrong when a sweep is asked about once more; "" where nothing does. Each fault is as likely."""
    drawn = chance(SEED, number, earlier)
    return drawn.choice(list(FAULTS)) if drawn.random() < FAULTY else ""


def faulty(asked: Asked) -> Reply:
    """The right answer or a fault."""
    fault = fault_of(number_of(asked), asked.earlier)
    return FAULTS[fault](truth(number_of(asked))) if fault else truthful(asked)


def fate(number: int) -> tuple[str, int]:
    """How a sweep must end, and how many calls the faults force."""
    for earlier in range(QUICK.attempts):
        fault = fault_of(number, earlier)
        if fault not in PASSING:
            return OUTCOMES.get(fault, "ok"), earlier + 1
    return "transport", QUICK.attempts


def test_nothing_is_lost_and_nothing_is_made_up() -> None:
    """Every sweep is answered rightly or has its typed reason, in no more calls than the faults force."""

    async def run(url: str) -> list[Answer]:
        async with endpoint_to(url, flight=Flight(16), timeout_s=0.5) as endpoint:
            return await ask_all(endpoint, map(numbered, range(SWEEPS)))

    with scripted_server(faulty) as server:
        answers = asyncio.run(run(server.url))
    ends = [fate(number) for number in range(SWEEPS)]
    forced = sum(calls for _, calls in ends)
    faults = sum(bool(fault_of(number_of(asked), asked.earlier)) for asked in server.asked)
    sys.stdout.write(
        f"{SWEEPS} sweeps, {len(server.asked)} calls (forced {forced}), {faults} faults,"
        f" {dict(Counter(answer.outcome for answer in answers))}\n"
    )
    assert 0.27 < faults / len(server.asked) < 0.33
    assert len(answers) == SWEEPS
    assert len(server.asked) <= 1.05 * forced
    for number, (answer, (outcome, _)) in enumerate(zip(answers, ends, strict=True)):
        assert answer.outcome == outcome
        right = {"scale": -float(number % 15)}
        assert answer.value == (right if outcome == "ok" else None)
        assert outcome == "ok" or answer.reason
