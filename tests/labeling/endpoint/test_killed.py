"""A run that is killed twenty times in the middle pays for no answer twice, but for those that were on their way."""

import asyncio
import multiprocessing
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from labeling.asking import Answer
from labeling.endpoint.remembering import Remembering, memory_key, recall
from pipeline.ledger import Ledger
from tests.support.asked import ask_all, chance, endpoint_to, number_of, numbered, truthful
from tests.support.asking_process import ask_numbered
from tests.support.scripted_server import Asked, Reply, ScriptedServer, scripted_server

QUESTIONS = 300
IN_FLIGHT = 8
KILLS = 20
LATENCY_S = 0.02


def slow(asked: Asked) -> Reply:
    """The right answer after a while."""
    return replace(truthful(asked), delay_s=LATENCY_S)


def kill_after(server: ScriptedServer, folder: Path, calls: int) -> int:
    """Start a run, kill it when so many calls more have come in; how many of its calls were then on their way.

    A call is on its way from when the server has it until its answer is in memory.
    """
    called, kept = len(server.asked), count_kept(folder)
    process = multiprocessing.get_context("forkserver").Process(
        target=ask_numbered, args=(server.url, folder, QUESTIONS, IN_FLIGHT)
    )
    process.start()
    while len(server.asked) - called < calls and process.is_alive():
        time.sleep(0.001)
    assert process.is_alive()
    process.kill()
    process.join()
    time.sleep(0.01)  # what it had sent arrives
    return len(server.asked) - called - (count_kept(folder) - kept)


def count_kept(folder: Path) -> int:
    """Answers in memory."""
    return len(list(folder.rglob("*.json")))


@pytest.mark.slow
@pytest.mark.timeout(300)  # twenty processes start, which on a busy machine takes minutes
def test_nothing_that_was_paid_for_is_lost(tmp_path: Path) -> None:
    """Every answer that arrived is in memory, and the whole took one pass and what was on its way at the kills."""
    multiprocessing.get_context("forkserver").set_forkserver_preload(["tests.support.asking_process"])
    drawn = chance("kills")
    with scripted_server(slow) as server:
        on_their_way = [kill_after(server, tmp_path, drawn.randint(1, 24)) for _ in range(KILLS)]
        returned = [line.split() for line in (tmp_path / "returned").read_text("utf-8").splitlines()]
        lost = [number for number, _ in returned if not is_kept(server.url, tmp_path, int(number))]
        ask_numbered(server.url, tmp_path, QUESTIONS, IN_FLIGHT)
        times = Counter(number_of(asked) for asked in server.asked)
        url = server.url
    again = sum(times.values()) - QUESTIONS
    sys.stdout.write(
        f"{KILLS} kills, {QUESTIONS} questions, {sum(times.values())} calls, {again} asked again,"
        f" {sum(on_their_way)} on their way, {len(lost)} lost\n"
    )
    assert lost == []
    assert {outcome for _, outcome in returned} == {"ok"}
    assert set(times) == set(range(QUESTIONS))
    assert max(on_their_way) <= IN_FLIGHT
    assert sum(times.values()) <= 1.02 * QUESTIONS + sum(on_their_way)
    assert [answer.outcome for answer in replay(url, tmp_path)] == ["ok"] * QUESTIONS


def is_kept(url: str, folder: Path, number: int) -> bool:
    """Whether memory has the answer."""
    endpoint = endpoint_to(url)
    return recall(Ledger(folder), memory_key(endpoint.model, endpoint.identity, numbered(number))) is not None


def replay(url: str, folder: Path) -> list[Answer]:
    """All answers from memory, when the server has gone."""
    endpoint = endpoint_to(url)
    asker = Remembering(endpoint, Ledger(folder), identity=endpoint.identity, replay=True)
    return asyncio.run(ask_all(asker, map(numbered, range(QUESTIONS))))
