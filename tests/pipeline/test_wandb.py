"""W&B over HTTP, by its own client against a server of this machine: what arrives, when, and what happens where it does not."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import groupby, islice
from pathlib import Path

import pytest
import yaml
from PIL import Image

from pipeline.experiments import PROJECT, PROMPTS, draw_strip
from pipeline.parquet import read_rows, read_shards
from pipeline.paths import Paths
from pipeline.settings import read_recipe
from pipeline.tables import LabelRow, SweepImage
from tests.support.project import one_line
from tests.support.publishing import NAME, ROOT, publishable_project
from tests.support.wandb_server import DROP, KEY, Server, running_wandb
from tests.support.wandb_store import Run

TRAIN = "import pipeline.experiments as made; made.SEND_S = float({limit}); from pipeline.cli import main; main()"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that was trained without W&B, whose recipe now asks for it; only read."""
    root = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIE_LEDGER", str(root / "ledger"))
        publishable_project(root)
    params = yaml.safe_load((root / "params.yaml").read_text())
    params["recipes"][NAME]["train"]["wandb"] = True
    (root / "params.yaml").write_text(yaml.safe_dump(params))
    return root


@pytest.fixture
def paths(trained: Path, tmp_path: Path) -> Paths:
    """The same, to train in."""
    shutil.copytree(trained, tmp_path / "project")
    return Paths(tmp_path / "project", NAME)


@pytest.fixture
def server() -> Iterator[Server]:
    """A server without a run."""
    with running_wandb() as server:
        yield server


def environment(root: Path, server: Server, *, key: str = KEY) -> dict[str, str]:
    """Of commands that know this server, and keep what W&B keeps beside the project."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    own = {f"WANDB_{kind}_DIR": str(root.parent / kind) for kind in ("DATA", "CACHE", "CONFIG")}
    own |= {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "WANDB_BASE_URL": server.url}
    return {**others, **own, "WANDB_ERROR_REPORTING": "false", "WANDB_API_KEY": key}


def train(paths: Paths, own: dict[str, str], *, limit_s: float = 60) -> str:
    """Run `gie train` to its good end, anew; what it said."""
    shutil.rmtree(paths.adapter_folder)
    command = [sys.executable, "-c", TRAIN.format(limit=limit_s), "train", NAME]
    ended = subprocess.run(command, cwd=paths.root, env=own, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stderr


def send(folder: Path, own: dict[str, str]) -> None:
    """Run `wandb sync` elsewhere than the training ran."""
    command = [sys.executable, "-m", "wandb", "sync", str(folder)]
    subprocess.run(command, cwd=folder.parents[3], env=own, capture_output=True, check=True)


def kept(folder: Path) -> Path:
    """The one run that lies there."""
    [found] = folder.glob("wandb/offline-run-*")
    return found


def holds_all(server: Server, paths: Paths) -> None:
    """The server has one run, whole, and was sent nothing that it did not know."""
    [run] = server.store.runs.values()
    assert (run.project, run.display_name, run.exit_code, server.refused) == (PROJECT, NAME, 0, [])
    holds_recipe(run, paths)
    holds_curve(run, paths)
    holds_sweeps(server.store.artifact(f"run-{run.name}-sweeps").files, paths)
    adapter = server.store.artifact(NAME)
    assert adapter.kind == "model"
    assert adapter.files == {file.name: file.read_bytes() for file in paths.adapter_folder.iterdir()}


def holds_recipe(run: Run, paths: Paths) -> None:
    """The config is the recipe with its hash, and W&B's own entry."""
    recipe = read_recipe(NAME, paths.root / "params.yaml")
    config = {name: said["value"] for name, said in run.config.items() if name != "_wandb"}
    assert config == recipe.model_dump(mode="json") | {"recipe_hash": recipe.recipe_hash}


def holds_curve(run: Run, paths: Paths) -> None:
    """Every epoch once, as in the adapter's folder."""
    said = [point for point in run.history if "train" in point]
    curve = [[str(point["epoch"]), f"{point['train']:.6g}", f"{point['val']:.6g}"] for point in said]
    with paths.history.open(newline="") as file:
        _, *expected = csv.reader(file)
    assert len(expected) == read_recipe(NAME, paths.root / "params.yaml").train.epochs
    assert curve == expected


def holds_sweeps(files: dict[str, bytes], paths: Paths) -> None:
    """The table's rows are the first sweeps, each with its label and its blurred strip."""
    table = json.loads(files["sweeps.table.json"])
    assert table["columns"] == ["prompt", "kind", "split", "outcome", "scale", "sweep"]
    assert len(table["data"]) == PROMPTS
    labels = {label.prompt_id: label for label in read_rows(paths.labels, LabelRow)}
    sweeps = groupby(read_shards(paths.sweeps, SweepImage), key=lambda shot: shot.prompt_id)
    for row, (prompt_id, shots) in zip(table["data"], islice(sweeps, PROMPTS), strict=True):
        label, sweep = labels[prompt_id], {shot.scale: shot.image for shot in shots}
        assert row[3:5] == [label.outcome, label.scale]
        shown = Image.open(io.BytesIO(files[row[5]["path"]])).tobytes()
        assert shown == draw_strip(sweep, label.scale, blurred=True).tobytes()
        assert shown != draw_strip(sweep, label.scale, blurred=False).tobytes()


def test_without_a_key_a_run_waits_for_wandb_sync(paths: Paths, server: Server) -> None:
    """Training tells the server nothing and makes the same adapter; `wandb sync` sends all, and a second one nothing more."""
    before = (paths.adapter_folder / "model.safetensors").read_bytes()
    train(paths, environment(paths.root, server, key=""))
    assert server.asked == []
    assert (paths.adapter_folder / "model.safetensors").read_bytes() == before, "what is logged changes nothing"
    for _ in range(2):
        send(kept(paths.root / "build"), environment(paths.root, server))
        holds_all(server, paths)
    assert server.asked.count("UpsertBucket") == server.asked.count("CreateArtifact") == 2, "none by the second"


def test_with_a_key_a_run_is_sent_when_training_ends(paths: Paths, server: Server) -> None:
    """And W&B says where it is there."""
    said = train(paths, environment(paths.root, server))
    holds_all(server, paths)
    assert f"{server.url}/someone/{PROJECT}/runs/" in said
    assert not (paths.root / "wandb").exists(), "nothing is left in the project"


@pytest.mark.parametrize(("status", "limit_s"), [(401, 60), (DROP, 4)], ids=["refused", "away"])
def test_without_its_server_training_ends_well(paths: Paths, server: Server, status: int, limit_s: float) -> None:
    """With one line that says how to send the run later, which then does it; WANDB_DIR is where it lies."""
    own = environment(paths.root, server) | {"WANDB_DIR": "runs"}
    server.refuse("", status)
    line = one_line(train(paths, own, limit_s=limit_s))
    folder = kept(paths.root / "runs")
    assert f"`wandb sync {folder.relative_to(paths.root)}` sends the run later" in line
    assert server.asked, "it was tried"
    assert (server.store.runs, server.store.artifacts) == ({}, [])
    server.faults.clear()
    send(folder, own)
    holds_all(server, paths)


def test_with_a_key_wandb_can_be_told_to_stay_offline(paths: Paths, server: Server) -> None:
    """WANDB_MODE is W&B's own word for it."""
    said = train(paths, environment(paths.root, server) | {"WANDB_MODE": "offline"})
    assert server.asked == []
    assert f"wandb sync {kept(paths.root / 'build').relative_to(paths.root)}" in said
