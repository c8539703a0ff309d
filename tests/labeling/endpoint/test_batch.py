"""By batches everything is answered once, whatever is lost on the way, and the same memory holds it."""

import asyncio
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from labeling.asking import Answer, Asker
from labeling.endpoint.batch import BatchedAsking
from labeling.endpoint.budget import Budget
from labeling.endpoint.prices import Price, Prices
from labeling.endpoint.remembering import Remembering
from pipeline.ledger import Ledger
from tests.support.asked import ask_all, endpoint_to, number_of, numbered, truth, truthful
from tests.support.scripted_batches import ScriptedBatches
from tests.support.scripted_server import LASTING, Asked, Reply, Script, problem, scripted_server

COUNT = 40
PRICES = Prices(Price(10.0, 50.0))
PAID = (100 * 10 + 20 * 50) / 1e6
"""Dollars for an answer that was not given in a batch."""


async def all_questions(asker: Asker) -> list[Answer]:
    """One question for each sweep; for every fifth another one that follows from its answer."""
    first = await ask_all(asker, map(numbered, range(COUNT)))
    more = [number for number in range(0, COUNT, 5) if first[number].outcome == "ok"]
    return first + await ask_all(asker, (numbered(number, system="Look again.") for number in more))


def run_batches(store: ScriptedBatches, folder: Path, **changed: Any) -> tuple[BatchedAsking, list[Answer]]:
    """All rounds; then what a replay gives."""
    parts = {"prices": PRICES, **{name: changed.pop(name) for name in ("budget",) if name in changed}}

    async def run(url: str) -> tuple[BatchedAsking, list[Answer]]:
        endpoint = endpoint_to(url, **parts)
        memory = Ledger(folder / "ledger")
        batched = BatchedAsking(endpoint, memory, folder / "files", poll_s=0.001, **changed)
        await batched.run(all_questions)
        replay = Remembering(endpoint, memory, identity=endpoint.identity, replay=True)
        return batched, await all_questions(replay)

    with scripted_server(refuse, store) as server:
        return asyncio.run(run(server.url))


def refuse(_: Asked) -> Reply:
    """No question may come by the direct road."""
    raise AssertionError


def custom_ids(files: Iterable[bytes]) -> list[str]:
    """Of all requests in some files."""
    return [json.loads(line)["custom_id"] for file in files for line in file.splitlines()]


def test_rounds_go_on_until_nothing_is_open(tmp_path: Path) -> None:
    """First all sweeps, then what follows from their answers; each is asked once, at half the price, and no file stays."""
    store = ScriptedBatches(truthful)
    batched, answers = run_batches(store, tmp_path)
    assert [answer.value for answer in answers[:COUNT]] == [json.loads(truth(number)) for number in range(COUNT)]
    assert len(answers) == COUNT + 8
    assert [len(file.splitlines()) for file in store.handed_in] == [COUNT, 8]
    assert len(set(custom_ids(store.handed_in))) == COUNT + 8
    assert batched.spent_usd == pytest.approx((COUNT + 8) * PAID / 2)
    assert not list((tmp_path / "files").iterdir())


def test_files_are_cut_by_their_bytes(tmp_path: Path) -> None:
    """None is larger than allowed, and no request is lost at a cut."""
    store = ScriptedBatches(truthful)
    _, answers = run_batches(store, tmp_path, most_bytes=4000)
    assert len(store.handed_in) > 4
    assert max(map(len, store.handed_in)) <= 4000
    assert all(answer.outcome == "ok" for answer in answers)


def test_what_a_run_handed_in_another_one_fetches(tmp_path: Path) -> None:
    """Nothing is handed in twice: not after a run that ended while it waited, and not when the answer to handing in was lost."""
    store = ScriptedBatches(truthful, polls=10**9, lose_create=True)

    async def stopped(url: str) -> None:
        memory = Ledger(tmp_path / "ledger")
        batched = BatchedAsking(endpoint_to(url), memory, tmp_path / "files", poll_s=0.01)
        await asyncio.wait_for(batched.run(all_questions), 1.0)

    with scripted_server(refuse, store) as server, pytest.raises(TimeoutError):
        asyncio.run(stopped(server.url))
    store.polls = 0
    _, answers = run_batches(store, tmp_path)
    assert len(set(custom_ids(store.handed_in))) == len(custom_ids(store.handed_in)) == COUNT + 8
    assert all(answer.outcome == "ok" for answer in answers)


def test_an_expired_batch_gives_what_was_done(tmp_path: Path) -> None:
    """The next round asks for the rest."""
    store = ScriptedBatches(truthful, ends="expired")
    batched, answers = run_batches(store, tmp_path)
    assert any("expired" in problem for problem in batched.problems)
    assert sum(answer.outcome == "ok" for answer in answers) >= COUNT - 1


@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        (lambda _: LASTING["refusal"]("{}"), "refused"),
        (lambda _: problem(400, "filtered", "content_filter"), "filtered"),
        (lambda _: LASTING["truncated"]("{}"), "truncated"),
        (lambda _: problem(500, "sorry"), "transport"),
        (lambda _: LASTING["other model"]("{}"), "transport"),
    ],
)
def test_faults_inside_a_batch_are_typed(tmp_path: Path, script: Script, outcome: str) -> None:
    """Also when the batch has nothing but an error file; and asking ends."""
    batched, answers = run_batches(ScriptedBatches(script), tmp_path)
    assert batched.outcomes[outcome] >= COUNT
    assert {answer.outcome for answer in answers} == {outcome}
    assert {answer.value for answer in answers} == {None}


def test_a_batch_that_fails_says_why(tmp_path: Path) -> None:
    """Another run hands its questions in again."""
    store = ScriptedBatches(truthful, ends="failed")
    batched, answers = run_batches(store, tmp_path)
    assert "Enqueued token limit" in batched.problems[0]
    assert {answer.outcome for answer in answers} == {"transport"}
    store.ends = "completed"
    assert {answer.outcome for answer in run_batches(store, tmp_path)[1]} == {"ok"}


def test_a_budget_holds_for_all_rounds(tmp_path: Path) -> None:
    """What does not fit is not handed in."""
    store = ScriptedBatches(truthful)
    batched, answers = run_batches(store, tmp_path, budget=Budget(COUNT * PAID / 4))
    assert 0 < batched.spent_usd <= COUNT * PAID / 4
    assert batched.reached
    assert {answer.outcome for answer in answers} == {"ok", "transport"}
    assert number_of(Asked(json.loads(store.handed_in[0].splitlines()[0])["body"], {}, 0, 0, 1)) == 0
