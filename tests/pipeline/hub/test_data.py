"""`gie data push` and `gie data pull`: the tables there and back, byte for byte, and a card that explains every column."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import DatasetCard
from typer.testing import Result

from pipeline.hub.data_card import columns
from pipeline.parquet import read_rows
from pipeline.paths import Paths
from pipeline.tables import Feature, LabelRow, Prompt, SweepImage, VerdictRow
from tests.support.hub_client import environment
from tests.support.hub_server import Hub
from tests.support.project import gie
from tests.support.publishing import NAME

REPO = "someone/airplane-data"


def push(project: Paths, *options: str) -> Result:
    """The command, as a user gives it."""
    return gie(project.root, "data", "push", NAME, REPO, *options)


def test_tables_come_back_byte_for_byte(hub: Hub, project: Paths) -> None:
    """To a project that has none, where training then gives the same adapter."""
    assert push(project).exit_code == 0
    files = set(hub.head(REPO, "datasets").files) - {".gitattributes"}
    assert files == {
        "README.md", "conditions.json", "features.parquet", "labels.parquet", "prompts.parquet", "verdicts.parquet",
    }  # fmt: skip
    places = (project.prompts, project.features, project.labels, project.verdicts, project.conditions)
    weights = project.adapter_folder / "model.safetensors"
    before = [path.read_bytes() for path in (*places, weights)]
    shutil.rmtree(project.root / "data")
    result = gie(project.root, "data", "pull", REPO, NAME)
    assert result.exit_code == 0, result.output
    assert set(result.stdout.split()) == set(map(str, places))
    assert gie(project.root, "train", NAME).exit_code == 0
    assert [path.read_bytes() for path in (*places, weights)] == before


def test_pictures_go_along_only_when_asked(hub: Hub, project: Paths) -> None:
    """They come back too, and the card warns of them."""
    assert push(project).exit_code == 0
    assert not any("sweeps" in name for name in hub.head(REPO, "datasets").files)
    assert push(project, "--with-images").exit_code == 0
    card = DatasetCard(hub.head(REPO, "datasets").files["README.md"].decode())
    assert "not-for-all-audiences" in card.data.to_dict()["tags"]
    shard = project.sweeps / "part-00000.parquet"
    before = read_rows(shard, SweepImage)
    shutil.rmtree(project.sweeps)
    assert gie(project.root, "data", "pull", REPO, NAME).exit_code == 0
    assert read_rows(shard, SweepImage) == before


def test_twice_is_one_commit(hub: Hub, project: Paths) -> None:
    """Nothing changed, nothing is sent."""
    assert push(project).exit_code == 0
    result = push(project)
    assert "was there already" in result.stdout
    assert hub.count("POST", "/commit/") == 1


@pytest.mark.parametrize("row_type", [Prompt, Feature, LabelRow, VerdictRow, SweepImage])
def test_the_card_names_every_column(row_type: type) -> None:
    """In order, with its type; the meaning is the declaration's."""
    assert [name for name, _, _ in columns(row_type)] == list(row_type.__dataclass_fields__)


def test_the_card_is_valid_and_explains(hub: Hub, project: Paths) -> None:
    """The client's validation passes, each table is a configuration, and a docstring stands in its row."""
    assert push(project).exit_code == 0
    card = DatasetCard(hub.head(REPO, "datasets").files["README.md"].decode())
    card.validate()
    configs = {config["config_name"]: config["data_files"] for config in card.data.to_dict()["configs"]}
    assert configs == {name: f"{name}.parquet" for name in ("prompts", "features", "labels", "verdicts")}
    assert (
        "| `seed` | `int` | Seed of the first latents, 0 ... 2**31 - 1; all scales of the prompt share it. |"
        in card.content
    )


def test_what_is_no_such_data_set_is_said(hub: Hub, project: Paths) -> None:
    """Code 2, the missing table named, and what was there stays."""
    hub.store.create("datasets", REPO, private=False)
    before = project.prompts.read_bytes()
    result = gie(project.root, "data", "pull", REPO, NAME)
    assert result.exit_code == 2
    assert "expected prompts.parquet in the data set someone/airplane-data, got none" in result.stderr
    assert project.prompts.read_bytes() == before


@pytest.mark.slow
def test_load_dataset_reads_it(hub: Hub, project: Paths, tmp_path: Path) -> None:
    """As its card says, with the `datasets` library in a process of its own."""
    assert push(project).exit_code == 0
    code = f"import json; from datasets import load_dataset; t = load_dataset({REPO!r}, 'labels')['train']; print(json.dumps(t[0]))"
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False,
        env={"PATH": "", "HOME": str(tmp_path), **environment(hub.url, home=tmp_path / "home")},
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    first = json.loads(ended.stdout)
    assert LabelRow(**first) == read_rows(project.labels, LabelRow)[0]
