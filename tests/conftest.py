"""What holds for every test: no network, one thread, nothing written to the user's own folders, shapes checked."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jaxtyping import install_import_hook

from tests.support import typecheck

if TYPE_CHECKING:
    from diffusers import StableDiffusionPipeline

    from tests.support.hub_server import Hub

os.environ |= {
    "HF_HUB_OFFLINE": "1",
    "WANDB_MODE": "disabled",
    "WANDB_SILENT": "true",
    "TOKENIZERS_PARALLELISM": "false",
}

# Every `Float[Tensor, "images tokens"]` of the method is checked at each call, in tests alone.
install_import_hook("gie", f"{typecheck.__name__}.check")


class NetworkUsedError(AssertionError):
    """A test tried to reach another machine."""


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Tiny models are slower on several threads, and sums would differ from machine to machine."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections to other machines fail; those to this one go on (tests/support has local servers)."""
    connect = socket.socket.connect

    def local_only(self: socket.socket, address: object) -> None:
        if self.family != socket.AF_UNIX and not (
            isinstance(address, tuple) and address[0] in {"127.0.0.1", "::1", "localhost"}
        ):
            message = f"expected no network in tests, got a connection to {address}"
            raise NetworkUsedError(message)
        connect(self, address)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(socket.socket, "connect", local_only)


@pytest.fixture(autouse=True)
def own_ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test has a ledger of its own, so that none profits from what another rendered."""
    monkeypatch.setenv("GIE_LEDGER", str(tmp_path / "ledger"))


@pytest.fixture
def pipe() -> "Iterator[StableDiffusionPipeline]":
    """A tiny Stable Diffusion 1 pipeline; its weights are the session's, so its processors are reset afterwards."""
    from diffusers.models.attention_processor import AttnProcessor2_0

    from tests.support.tiny import tiny_pipeline

    pipe = tiny_pipeline()
    yield pipe
    pipe.unet.set_attn_processor(AttnProcessor2_0())


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Iterator[Hub]":
    """A hub on this machine, which huggingface_hub's client takes for the real one; logged in, with an empty cache."""
    from tests.support.hub_client import use_hub
    from tests.support.hub_server import running_hub

    with running_hub() as hub:
        use_hub(monkeypatch, hub.url, home=tmp_path / "hub-home")
        yield hub
