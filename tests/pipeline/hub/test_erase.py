"""`gie erase --adapter user/name`: an adapter from the hub, once online and then without."""

from pathlib import Path

import pytest

from tests.support.adapters import tiny_adapter
from tests.support.hub_server import Hub
from tests.support.project import gie
from tests.support.tiny import tiny_pipeline

REPO = "someone/cat"


def test_an_adapter_is_fetched_by_name(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It erases as its folder does, and a second time without the network."""
    pipe = tiny_pipeline()
    pipe.save_pretrained(tmp_path / "model")
    adapter = tiny_adapter(pipe)
    adapter.save_pretrained(tmp_path / "adapter")
    adapter.push_to_hub(REPO)
    drawn: list[bytes] = []
    for source in (str(tmp_path / "adapter"), REPO, REPO):
        out = tmp_path / f"out-{len(drawn)}"
        options = ["--adapter", source, "--model", str(tmp_path / "model"), "--out", str(out)]
        result = gie(tmp_path, "erase", "a cat on a car", *options)
        assert result.exit_code == 0, result.output
        drawn.append((out / "erased.png").read_bytes())
        asked = len(hub.requests)
        if len(drawn) == 2:
            monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert drawn[0] == drawn[1] == drawn[2]
    assert len(hub.requests) == asked
    assert hub.count("GET", "/resolve/") == 2
