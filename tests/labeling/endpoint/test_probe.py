"""A probe finds out what a server can do, and stops a run that would fail with every question."""

import asyncio
import json

import pytest

from labeling.endpoint.chat import Endpoint
from labeling.endpoint.probe import Capabilities, probe
from labeling.endpoint.request import Dialect
from labeling.endpoint.retrying import Retries
from labeling.errors import LabelingError
from tests.support.asked import endpoint_to, numbered, truthful
from tests.support.scripted_server import PASSING, Asked, Reply, Script, completion, problem, scripted_server


def pictures(asked: Asked) -> int:
    """How many came with a request."""
    content = asked.body["messages"][-1]["content"]
    return 0 if isinstance(content, str) else sum(part["type"] == "image_url" for part in content)


def seeing(asked: Asked) -> Reply:
    """Says the colours of the probe's pictures."""
    return completion(json.dumps({"words": ["red", "blue"][: max(1, pictures(asked))]}))


def found(script: Script, **changed: object) -> tuple[Capabilities, Endpoint, list[Asked]]:
    """What a probe finds; afterwards the endpoint asks a question in the dialect that it learned."""

    async def run(url: str) -> tuple[Capabilities, Endpoint]:
        async with endpoint_to(url, **changed) as endpoint:
            capabilities = await probe(endpoint)
            endpoint.dialect = capabilities.dialect
            await endpoint.ask(numbered(1))
            return capabilities, endpoint

    with scripted_server(script) as server:
        return *asyncio.run(run(server.url)), server.asked


def test_a_server_that_can_everything() -> None:
    """Three questions, and the dialect stays as it was."""
    capabilities, endpoint, asked = found(seeing, dialect=Dialect(detail="high", seed=3))
    assert capabilities == Capabilities(
        Dialect(detail="high", seed=3),
        "judge-1",
        images=True,
        several_images=True,
        saw=True,
        json_schema=True,
        usage=True,
    )
    assert [pictures(one) for one in asked] == [0, 1, 2, 0]
    assert asked[1].body["messages"][-1]["content"][1]["image_url"]["detail"] == "high"
    assert asked[0].body["seed"] == 3
    assert endpoint.progress.asked == 1


def refusing(field: str, message: str) -> Script:
    """A server that knows no such field in a request."""
    return lambda asked: problem(400, message) if field in asked.body else seeing(asked)


@pytest.mark.parametrize(
    ("field", "message", "learned"),
    [
        ("response_format", "json_schema is not supported", {"json_schema": False}),
        ("max_tokens", "Use 'max_completion_tokens' instead", {"answer_limit": "max_completion_tokens"}),
        ("temperature", "Unsupported value: 'temperature'", {"temperature": False}),
        ("seed", "unknown field seed", {"seed": None}),
    ],
)
def test_what_a_server_refuses_is_left_out(field: str, message: str, learned: dict[str, object]) -> None:
    """From then on; a schema is told in words instead; and answers are remembered under the same identity."""
    capabilities, endpoint, asked = found(refusing(field, message), dialect=Dialect(seed=1))
    for name, value in learned.items():
        assert getattr(capabilities.dialect, name) == value
    assert field not in asked[-1].body
    assert message in capabilities.notes[0]
    assert endpoint.identity == endpoint_to("http://127.0.0.1/v1", dialect=Dialect(seed=1)).identity
    if field == "response_format":
        assert '"scale"' in asked[-1].body["messages"][0]["content"]


@pytest.mark.parametrize("most", [0, 1])
def test_how_many_pictures_a_server_takes(most: int) -> None:
    """It may say so with a server error, as llama.cpp does."""

    def script(asked: Asked) -> Reply:
        return problem(500, "image input is not supported") if pictures(asked) > most else seeing(asked)

    capabilities, _, _ = found(script, retries=Retries(base_s=0.001))
    assert (capabilities.images, capabilities.several_images) == (most > 0, False)
    assert "image input is not supported" in capabilities.notes[-1]


def test_a_server_that_takes_pictures_and_does_not_look() -> None:
    """It is noted."""
    capabilities, _, _ = found(lambda _: completion('{"words": ["red"]}', usage=None))
    assert (capabilities.images, capabilities.saw, capabilities.usage) == (True, False, False)


@pytest.mark.parametrize(
    ("script", "error", "said"),
    [
        (lambda _: problem(401, "Incorrect API key"), LabelingError, "Incorrect API key"),
        (lambda _: problem(404, "The model does not exist"), LabelingError, "does not exist"),
        (lambda _: completion("{}", model="another-1"), LabelingError, "got one of another-1"),
        (lambda _: PASSING["broken"](""), ConnectionError, "is it running"),
        (lambda _: PASSING["dropped"](""), ConnectionError, "is it running"),
    ],
)
def test_a_run_that_would_fail_does_not_begin(script: Script, error: type[Exception], said: str) -> None:
    """The user's mistakes and failures from outside are different errors."""
    with pytest.raises(error, match=said):
        found(script)


def test_nobody_there() -> None:
    """An outage, with the address."""
    with scripted_server(truthful) as server:
        url = server.url
    with pytest.raises(ConnectionError, match="is it running"):
        asyncio.run(probe(endpoint_to(url)))


def test_a_busy_server_is_waited_for() -> None:
    """A refusal for want of capacity is no missing capability."""

    def script(asked: Asked) -> Reply:
        return seeing(asked) if asked.earlier else PASSING["busy"]("")

    capabilities, _, _ = found(script)
    assert capabilities.several_images
