"""The endpoint against llama.cpp's own server with a real small model, which nobody here has scripted."""

import asyncio

import pytest

from labeling.asking import Answer
from labeling.endpoint.chat import Address, Endpoint
from labeling.endpoint.probe import Capabilities, probe
from labeling.endpoint.retrying import Retries
from tests.support.asked import numbered
from tests.support.small_llm import NAME, running_small_llm


@pytest.mark.slow
def test_a_real_server_is_probed_and_asked() -> None:
    """It knows schemas and counts tokens, and says that it takes no pictures; an answer follows the schema."""

    async def run(url: str) -> tuple[Capabilities, Answer]:
        async with Endpoint(Address(url, NAME), retries=Retries(attempts=3, base_s=0.01)) as endpoint:
            capabilities = await probe(endpoint)
            endpoint.dialect = capabilities.dialect
            return capabilities, await endpoint.ask(numbered(3, system='Answer {"scale": -3}.'))

    with running_small_llm() as url:
        capabilities, answer = asyncio.run(run(url))
    assert (capabilities.json_schema, capabilities.usage, capabilities.images) == (True, True, False)
    assert "image input is not supported" in capabilities.notes[-1]
    assert answer.outcome == "ok", answer
    assert isinstance(answer.value["scale"], int | float)
