"""Points huggingface_hub's client in this process at another hub, as its environment variables would in a fresh one."""

import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support.hub_answers import TOKEN


def use_hub(monkeypatch: pytest.MonkeyPatch, url: str, *, home: Path) -> None:
    """Online, by plain HTTP, with a cache and a token of its own, and without waiting between tries."""
    import huggingface_hub.file_download as download
    import huggingface_hub.utils._http as http
    from huggingface_hub import constants

    values = {
        "ENDPOINT": url,
        "HUGGINGFACE_CO_URL_TEMPLATE": url + "/{repo_id}/resolve/{revision}/{filename}",
        "HF_HUB_OFFLINE": False,
        "HF_HUB_DISABLE_XET": True,
        "HF_HUB_CACHE": str(home / "hub"),
        "HF_TOKEN_PATH": str(home / "token"),
    }
    for name, value in values.items():
        monkeypatch.setattr(constants, name, value)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    patient = SimpleNamespace(sleep=lambda _: None, time=time.time)
    for module in (http, download):
        monkeypatch.setattr(module, "time", patient)


def environment(url: str, *, home: Path) -> dict[str, str]:
    """The same for a process of its own."""
    return {
        "HF_ENDPOINT": url,
        "HF_HUB_OFFLINE": "0",
        "HF_HUB_DISABLE_XET": "1",
        "HF_HOME": str(home),
        "HF_TOKEN": TOKEN,
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
