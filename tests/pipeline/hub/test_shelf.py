"""`gie adapters`: what is here and what was fetched, and how good it is."""

import json

from gie.adapter import Adapter
from pipeline.paths import Paths
from tests.support.hub_server import Hub
from tests.support.project import gie
from tests.support.publishing import NAME

REPO = "someone/no-airplanes"


def test_local_and_cached_adapters_are_listed(hub: Hub, project: Paths) -> None:
    """With base model, concept and the three numbers; a fetched one without metrics has none."""
    assert gie(project.root, "publish", NAME, REPO).exit_code == 0
    [local] = gie(project.root, "adapters").stdout.splitlines()
    metrics = json.loads(project.metrics.read_text())
    assert local.startswith(f"{project.adapter_folder}  'airplane' out of someone/emoji-sd")
    assert f"gone {metrics['gone']:.1%}" in local
    Adapter.from_pretrained(REPO)
    _, cached = gie(project.root, "adapters").stdout.splitlines()
    assert cached.startswith(f"{REPO}@{hub.head(REPO).sha[:8]}  'airplane' out of someone/emoji-sd")
    assert "gone -" in cached


def test_other_models_in_the_cache_are_no_adapters(hub: Hub, project: Paths) -> None:
    """A config.json of something else is passed over."""
    from huggingface_hub import snapshot_download

    hub.store.create("models", "someone/other", private=False)
    hub.repository("someone/other").commit(
        {"config.json": b"{}", "model.safetensors": b""}, title="other", onto="main", to="main"
    )
    snapshot_download("someone/other")
    assert len(gie(project.root, "adapters").stdout.splitlines()) == 1
