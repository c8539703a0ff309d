"""What was paid for is asked once; what never came is asked again; a replay asks nobody."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from labeling.asking import Answer, Question
from labeling.endpoint.remembering import Remembering, memory_key
from labeling.outcomes import VerdictOutcome
from labeling.verdict import ANSWERED
from pipeline.ledger import Ledger
from tests.support.asked import ask_all, endpoint_to, numbered, truth, truthful
from tests.support.scripted_server import completion, scripted_server

OUTCOMES: tuple[VerdictOutcome, ...] = (
    "ok", "refused", "filtered", "invalid", "truncated", "transport", "budget",
)  # fmt: skip


@dataclass
class Counting:
    """An `Asker` that always says the same, and counts."""

    answer: Answer
    model: str = "m"
    times: Counter[str] = field(default_factory=Counter[str])

    async def ask(self, question: Question) -> Answer:
        """After a moment."""
        self.times[question.digest()] += 1
        await asyncio.sleep(0.001)
        return self.answer


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_paid_answers_are_kept(outcome: VerdictOutcome, tmp_path: Path) -> None:
    """With all their fields; the others are asked again by the next run."""
    value = {"scale": -1.0} if outcome == "ok" else None
    given = Answer(outcome, value, "text", "why", '{"r": 1}', '{"u": 2}', 0.5, "m-2026")
    asker = Counting(given)
    for _ in range(2):
        assert asyncio.run(Remembering(asker, Ledger(tmp_path), "i").ask(numbered(1))) == given
    assert asker.times.total() == (1 if outcome in ANSWERED else 2)


def test_the_same_question_at_the_same_time_is_paid_once(tmp_path: Path) -> None:
    """The others wait for the first one's answer; another repeat is another question."""
    asker = Counting(Answer("ok", {}))
    remembering = Remembering(asker, Ledger(tmp_path), "i")
    again = replace(numbered(1), repeat=1)
    asyncio.run(ask_all(remembering, [numbered(1)] * 10 + [again] * 5 + [numbered(2)]))
    assert set(asker.times.values()) == {1}
    assert len(asker.times) == 3


def test_a_key_depends_on_what_decides_an_answer() -> None:
    """On model, settings and question."""
    keys = [
        memory_key("m", "i", numbered(1)),
        memory_key("n", "i", numbered(1)),
        memory_key("m", "j", numbered(1)),
        memory_key("m", "i", numbered(2)),
    ]
    assert len(set(keys)) == 4


def test_a_damaged_entry_is_asked_again(tmp_path: Path) -> None:
    """Also one of another form."""
    asker = Counting(Answer("ok", {}))
    ledger = Ledger(tmp_path)
    ledger.put_json(memory_key("m", "i", numbered(1)), {"outcome": "wonderful"})
    assert asyncio.run(Remembering(asker, ledger, "i").ask(numbered(1))) == asker.answer
    assert asker.times.total() == 1


def test_a_replay_gives_the_same_bytes_and_asks_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a server and without a key; what was never asked has its reason."""
    with scripted_server(truthful) as server:
        asking = endpoint_to(server.url)

        async def run() -> list[Answer]:
            async with asking:
                remembering = Remembering(asking, Ledger(tmp_path), asking.identity)
                return await ask_all(remembering, map(numbered, range(20)))

        first = asyncio.run(run())
    monkeypatch.setenv("OPENAI_API_KEY", "")
    away = endpoint_to("https://api.example.com/v1")
    replaying = Remembering(away, Ledger(tmp_path), away.identity, replay=True)
    assert repr(asyncio.run(ask_all(replaying, map(numbered, range(20))))) == repr(first)
    unknown = asyncio.run(replaying.ask(numbered(99)))
    assert (unknown.outcome, unknown.reason) == ("transport", "not in the ledger")


def test_what_is_replayed_is_not_what_a_server_would_say_now(tmp_path: Path) -> None:
    """The control of the one above: a server that has changed its mind gives other answers to who has no memory of it."""

    async def ask(url: str, folder: Path) -> Answer:
        async with endpoint_to(url) as endpoint:
            return await Remembering(endpoint, Ledger(folder), endpoint.identity).ask(numbered(1))

    with scripted_server(truthful) as server:
        before = asyncio.run(ask(server.url, tmp_path / "a"))
    with scripted_server(lambda _: completion(truth(3))) as server:
        assert asyncio.run(ask(server.url, tmp_path / "a")) == before
        assert asyncio.run(ask(server.url, tmp_path / "b")).value != before.value
