"""`gie verify`: what was published is found to be so, and what was changed is found out."""

import json

import pytest
import torch
from safetensors.torch import load, save
from typer.testing import CliRunner, Result

from pipeline.cli import app
from pipeline.hub import verify as verifying
from pipeline.paths import Paths
from tests.support.hub_server import Hub
from tests.support.hub_store import sha256
from tests.support.project import gie
from tests.support.publishing import NAME

REPO = "someone/no-airplanes"


@pytest.fixture
def published(hub: Hub, project: Paths) -> Hub:
    """A hub that has the adapter with its labels."""
    assert gie(project.root, "publish", NAME, REPO, "--with-labels").exit_code == 0
    return hub


def verify() -> Result:
    """The command, which needs no project."""
    return CliRunner().invoke(app, ["verify", REPO])


def change(hub: Hub, **files: bytes) -> None:
    """Somebody's commit over the published one."""
    hub.repository(REPO).commit(
        {name.replace("_", "."): data for name, data in files.items()}, title="improved", onto="main", to="main"
    )


def changed_weights(hub: Hub, by: float) -> bytes:
    """The published weights, all a little larger."""
    weights = load(hub.head(REPO).files["model.safetensors"])
    return save({name: tensor + by if name.startswith("network") else tensor for name, tensor in weights.items()})


def with_hashes(hub: Hub, **more: bytes) -> dict[str, bytes]:
    """The changed files with a provenance that names their hashes, as a careful forger would."""
    files = {name.replace("_", "."): data for name, data in more.items()}
    provenance = json.loads(hub.head(REPO).files["provenance.json"])
    provenance["files"] |= {name: sha256(data) for name, data in files.items()}
    return {**more, "provenance_json": json.dumps(provenance).encode()}


def test_what_was_published_is_bit_identical(published: Hub) -> None:
    """Trained again from the published labels and features alone."""
    result = verify()
    assert result.exit_code == 0, result.output
    assert result.stdout == f"{REPO}@{published.head(REPO).sha[:8]}: 4 files as published; weights bit-identical\n"


def test_without_labels_the_hashes_are_checked_and_it_says_what_is_not(hub: Hub, project: Paths) -> None:
    """Nothing is claimed that was not done."""
    assert gie(project.root, "publish", NAME, REPO).exit_code == 0
    result = verify()
    assert result.exit_code == 0
    assert "3 files as published; weights not made again: no labels there" in result.stdout
    assert hub.count("GET", "/labels.parquet") == 0


def test_a_changed_file_is_found_by_its_hash(published: Hub) -> None:
    """Code 1, and the file is named."""
    change(published, model_safetensors=changed_weights(published, 1e-3))
    result = verify()
    assert result.exit_code == 1
    assert "expected the files as they were published, got others or none for model.safetensors" in result.stderr


def test_changed_weights_with_matching_hashes_are_found_by_training(published: Hub) -> None:
    """The smallest change is seen, for the bits were to be the same."""
    change(published, **with_hashes(published, model_safetensors=changed_weights(published, 1e-6)))
    result = verify()
    assert result.exit_code == 1
    assert "expected the published weights bit for bit, got others" in result.stderr


@pytest.mark.parametrize(("by", "code"), [(1e-6, 0), (0.3, 1)])
def test_elsewhere_a_tolerance_holds(published: Hub, monkeypatch: pytest.MonkeyPatch, by: float, code: int) -> None:
    """With another torch, scales may differ by half a step of the sweep; the reason is said either way."""
    other = dict.fromkeys(("torch", "machine", "cpu", "accelerator", "precision"), "another")
    monkeypatch.setattr(verifying, "made_with", lambda _: other)
    change(published, **with_hashes(published, model_safetensors=changed_weights(published, by)))
    result = verify()
    assert result.exit_code == code, result.output
    assert "here {'torch': 'another'" in result.output
    assert torch.__version__ in result.output


def test_an_older_revision_is_verified_by_name(published: Hub) -> None:
    """The commit before the change is still what was published."""
    good = published.head(REPO).sha
    change(published, config_json=b"{}")
    assert verify().exit_code == 1
    assert CliRunner().invoke(app, ["verify", REPO, "--revision", good]).exit_code == 0


def test_a_repository_of_others_cannot_be_verified(hub: Hub) -> None:
    """One line says whose can."""
    hub.store.create("models", REPO, private=False)
    result = verify()
    assert result.exit_code == 2
    assert "only what gie publish sent can be verified" in result.stderr
