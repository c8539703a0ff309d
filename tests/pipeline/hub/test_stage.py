"""`publishing/dvc.yaml`: never part of `dvc repro`, and its out is the receipt."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pipeline.aside import PROGRAMS
from pipeline.paths import Paths
from tests.support.hub_client import environment
from tests.support.hub_server import Hub
from tests.support.publishing import NAME, write_params

ROOT = Path(__file__).parents[3]


def dvc(project: Paths, hub: Hub, *arguments: str) -> subprocess.CompletedProcess[str]:
    """DVC in the project, beside this interpreter's `gie`."""
    path = os.pathsep.join([str(PROGRAMS), os.environ["PATH"]])
    own = {**os.environ, **environment(hub.url, home=project.root / "home"), "PATH": path}
    command = [sys.executable, "-m", "dvc", *arguments]
    return subprocess.run(command, cwd=project.root, env=own, capture_output=True, text=True, check=False)


def test_dvc_repro_never_publishes() -> None:
    """The way of the data has no stage that does."""
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    assert not [name for name, stage in stages.items() if "publish" in stage["cmd"]]


@pytest.mark.slow
def test_the_stage_publishes_once_and_keeps_a_receipt(hub: Hub, project: Paths) -> None:
    """Run again it does nothing, not even ask the hub."""
    write_params(project.root, namespace="someone")
    (project.root / ".dvc").mkdir()
    (project.root / ".dvc" / "config").write_text("[core]\n    no_scm = true\n    analytics = false\n")
    (project.root / "publishing").mkdir()
    (project.root / "publishing" / "dvc.yaml").write_bytes((ROOT / "publishing" / "dvc.yaml").read_bytes())
    for link in ("gie", "pipeline"):
        (project.root / link).symlink_to(ROOT / link)
    ended = dvc(project, hub, "repro", "publishing/dvc.yaml")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    receipt = json.loads(project.receipt.read_text())
    assert receipt["repo"] == f"someone/gie-{NAME}"
    assert receipt["commit"] == hub.head(receipt["repo"]).sha
    asked = len(hub.requests)
    assert dvc(project, hub, "repro", "publishing/dvc.yaml").returncode == 0
    assert len(hub.requests) == asked
