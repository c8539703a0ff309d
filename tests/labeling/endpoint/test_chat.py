"""Whatever a server does, a question ends as an answer or as a typed reason, and nothing secret is kept."""

import asyncio
import json
import logging
import time

import pytest
from PIL import Image

from labeling.asking import Answer, Question
from labeling.endpoint.chat import Address, Endpoint
from labeling.endpoint.prices import Price, Prices
from labeling.endpoint.request import encode
from labeling.endpoint.retrying import Retries
from labeling.errors import LabelingError
from tests.support.asked import ask_all, endpoint_to, numbered, truth, truthful
from tests.support.scripted_server import (
    LASTING,
    MODEL,
    OUTCOMES,
    PASSING,
    Asked,
    Reply,
    Script,
    completion,
    problem,
    scripted_server,
)

KEY = "sk-proj-very-secret-0123456789"


def ask(script: Script, question: Question | None = None, **changed: object) -> tuple[Answer, int]:
    """One question to a server with a script: the answer, and how many calls it took."""

    async def run(url: str) -> Answer:
        async with endpoint_to(url, **changed) as endpoint:
            return await endpoint.ask(question or numbered(7))

    with scripted_server(script) as server:
        return asyncio.run(run(server.url)), len(server.asked)


def test_an_answer_comes_with_everything() -> None:
    """Value, text, the whole reply, what was counted, and the model's own name."""
    answer, calls = ask(truthful)
    assert (answer.outcome, answer.value, answer.text, calls) == ("ok", {"scale": -7.0}, truth(7), 1)
    assert json.loads(answer.raw)["choices"][0]["message"]["content"] == truth(7)
    assert json.loads(answer.usage)["prompt_tokens"] == 100
    assert answer.model == MODEL


@pytest.mark.parametrize("fault", LASTING)
def test_a_lasting_fault_has_its_outcome(fault: str) -> None:
    """The right value or none with a reason, in one call: a refusal that parses is a refusal, a quoted value no answer."""
    answer, calls = ask(lambda _: LASTING[fault](truth(7)))
    assert (answer.outcome, calls) == (OUTCOMES[fault], 1)
    assert answer.value == ({"scale": -7.0} if answer.outcome == "ok" else None)
    assert bool(answer.reason) == (answer.outcome != "ok")
    assert answer.raw != "{}"


@pytest.mark.parametrize("fault", PASSING)
def test_a_passing_fault_is_asked_again(fault: str) -> None:
    """Until the answer comes."""
    answer, calls = ask(lambda asked: truthful(asked) if asked.earlier else PASSING[fault](truth(7)), timeout_s=0.3)
    assert (answer.outcome, answer.value, calls) == ("ok", {"scale": -7.0}, 2)


@pytest.mark.parametrize("fault", PASSING)
def test_asking_again_has_an_end(fault: str) -> None:
    """After so many attempts the reason is the answer."""
    answer, calls = ask(
        lambda _: PASSING[fault](truth(7)), timeout_s=0.2, retries=Retries(attempts=3, base_s=0.001, cap_s=0.01)
    )
    assert (answer.outcome, answer.value, calls) == ("transport", None, 3)
    assert answer.reason


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_request_that_is_wrong_is_not_sent_again(status: int) -> None:
    """The reason names the status and what the server said."""
    answer, calls = ask(lambda _: problem(status, "image too large"))
    assert (answer.outcome, calls) == ("transport", 1)
    assert answer.reason == f"HTTP {status}: image too large"


@pytest.mark.parametrize(
    "wrong", [problem(401, "wrong key"), problem(404, "no such model"), problem(429, "pay first", "insufficient_quota")]
)
def test_a_closed_endpoint_is_asked_once(wrong: Reply) -> None:
    """What fails for one question fails for all: the others end with the same reason, without a call."""

    async def run(url: str) -> list[Answer]:
        async with endpoint_to(url) as endpoint:
            return [await endpoint.ask(numbered(number)) for number in range(3)]

    with scripted_server(lambda _: wrong) as server:
        answers = asyncio.run(run(server.url))
    assert {answer.outcome for answer in answers} == {"transport"}
    assert len({answer.reason for answer in answers}) == 1
    assert len(server.asked) == 1


def test_retry_after_is_waited_for() -> None:
    """By whoever was refused and by everybody else."""
    times: list[float] = []

    def script(asked: Asked) -> Reply:
        times.append(time.monotonic())
        return truthful(asked) if asked.number else problem(429, "wait", retry_after="0.3")

    assert ask(script)[0].outcome == "ok"
    assert times[1] - times[0] >= 0.3


def test_an_endpoint_that_wants_too_long_a_wait_is_not_waited_for() -> None:
    """The run ends, and says why."""
    answer, calls = ask(lambda _: problem(429, "come back tomorrow", retry_after="86400"))
    assert (answer.outcome, calls) == ("transport", 1)
    assert "tomorrow" in answer.reason


def test_a_dated_snapshot_is_the_model_that_was_asked() -> None:
    """Another name is only taken when it was said before."""
    assert ask(lambda _: completion(truth(7), model=f"{MODEL}-2026-05-01"))[0].outcome == "ok"

    async def run(url: str) -> Answer:
        async with Endpoint(Address(url, MODEL, answers_as="weights.gguf")) as endpoint:
            return await endpoint.ask(numbered(7))

    with scripted_server(lambda _: completion(truth(7), model="weights.gguf")) as server:
        assert asyncio.run(run(server.url)).outcome == "ok"


@pytest.mark.parametrize("status", [200, 400, 401, 429, 500])
def test_neither_key_nor_pictures_are_kept_or_logged(
    status: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Even where the server echoes all that it was sent, and everything is logged; the control is that the server got both."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    caplog.set_level(logging.DEBUG)
    picture = Image.effect_noise((64, 64), 50)
    question = Question("", ("look", picture), {"type": "object"}, "verdict", 50)

    def echo(asked: Asked) -> Reply:
        told = f"key {asked.headers['authorization']} body {json.dumps(asked.body)}"
        return completion(told, echo=told) if status == 200 else problem(status, told)

    with scripted_server(echo) as server:

        async def run() -> Answer:
            async with endpoint_to(server.url) as endpoint:
                return await endpoint.ask(question)

        answer = asyncio.run(run())
    assert KEY in server.asked[0].headers["authorization"]
    assert encode(picture)[:300] in json.dumps(server.asked[0].body)
    kept = repr(answer) + caplog.text
    assert KEY not in kept
    assert encode(picture)[40:120] not in kept
    assert "(key)" in kept
    assert "(base64)" in kept


def test_a_missing_key_is_said_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the name of the variable, and without what may stand in the URL."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    endpoint = Endpoint(Address("https://me:hidden@api.example.com/v1", MODEL))
    with pytest.raises(LabelingError, match="OPENAI_API_KEY") as caught:
        asyncio.run(endpoint.ask(numbered(1)))
    assert "hidden" not in str(caught.value)


def test_progress_counts_and_projects() -> None:
    """Questions, those without a value, calls with retries, dollars."""

    def script(asked: Asked) -> Reply:
        if "sweep 3" in asked.text:
            return LASTING["refusal"]("{}")
        return truthful(asked) if asked.earlier or "sweep 1" not in asked.text else PASSING["broken"]("")

    async def run(url: str) -> Endpoint:
        async with endpoint_to(url, prices=Prices(Price(10.0, 50.0))) as endpoint:
            await ask_all(endpoint, map(numbered, range(4)))
            return endpoint

    with scripted_server(script) as server:
        progress = asyncio.run(run(server.url)).progress
    assert (progress.asked, progress.done, progress.failed, progress.calls) == (4, 4, 1, 5)
    assert progress.outcomes == {"ok": 3, "refused": 1}
    assert progress.spent_usd == pytest.approx(4 * (100 * 10 + 20 * 50) / 1e6)
    assert progress.projected_usd(100) == pytest.approx(25 * progress.spent_usd)
