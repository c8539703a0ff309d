"""`gie export` and `gie publish`, over HTTP to a hub on this machine: what is sent, once, and only what passed."""

import json
from typing import Any

import pytest
import torch
from huggingface_hub import ModelCard
from typer.testing import Result

from gie.adapter import Adapter
from pipeline.hub.export import hashes
from pipeline.paths import Paths
from tests.support.hub_server import DROP, TOKEN, Hub
from tests.support.project import gie
from tests.support.publishing import NAME, write_params

REPO = "someone/no-airplanes"


def publish(project: Paths, *options: str) -> Result:
    """The command, as a user gives it."""
    return gie(project.root, "publish", NAME, REPO, *options)


def test_what_is_sent_is_the_adapter_its_card_and_no_picture(hub: Hub, project: Paths) -> None:
    """One commit, and the adapter comes back bit for bit."""
    result = publish(project)
    assert result.exit_code == 0, result.output
    files = set(hub.head(REPO).files) - {".gitattributes"}
    assert files == {"README.md", "config.json", "model.safetensors", "provenance.json"}
    assert hub.count("POST", "/commit/") == 1
    sent, local = Adapter.from_pretrained(REPO), Adapter.from_pretrained(project.adapter_folder)
    assert sent.config == local.config
    pairs = zip(sent.state_dict().values(), local.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_the_receipt_names_repository_commit_and_hashes(hub: Hub, project: Paths) -> None:
    """It is the out of publishing, and tells no time."""
    assert publish(project).exit_code == 0
    receipt = json.loads(project.receipt.read_text())
    assert receipt == {
        "repo": REPO,
        "commit": hub.head(REPO).sha,
        "url": f"{hub.url}/{REPO}",
        "files": hashes(project.exported),
    }


def test_wishes_are_sent(hub: Hub, project: Paths) -> None:
    """Labels, metrics and pictures, and with pictures the card warns."""
    result = publish(project, "--with-labels", "--with-metrics", "--with-images")
    assert result.exit_code == 0, result.output
    files = hub.head(REPO).files
    assert {"labels.parquet", "metrics.json", "examples.png"} <= set(files)
    assert files["metrics.json"] == project.metrics.read_bytes()
    card = ModelCard(files["README.md"].decode())
    assert "not-for-all-audiences" in card.data.to_dict()["tags"]
    assert "](examples.png)" in card.content


def test_the_same_content_twice_is_one_commit(hub: Hub, project: Paths) -> None:
    """And it says so."""
    assert publish(project).exit_code == 0
    head = hub.head(REPO).sha
    result = publish(project)
    assert (result.exit_code, hub.head(REPO).sha, hub.count("POST", "/commit/")) == (0, head, 1)
    assert "was there already" in result.stdout


@pytest.mark.parametrize("status", [500, DROP])
def test_a_half_failed_upload_is_finished_by_running_again(hub: Hub, project: Paths, status: int) -> None:
    """Code 1, no receipt, no commit; then one commit, and the large files are not sent twice."""
    hub.fail("POST", "/commit/", status)
    result = publish(project)
    assert result.exit_code == 1
    assert "run again" in result.stderr
    assert not project.receipt.exists()
    sent = hub.count("PUT", "/lfs-upload/")
    assert publish(project).exit_code == 0
    assert hub.count("PUT", "/lfs-upload/") == sent
    assert Adapter.from_pretrained(REPO).concept == "airplane"


def test_the_token_is_never_printed(hub: Hub, project: Paths, capfd: pytest.CaptureFixture[str]) -> None:
    """Not on success, not when the login is refused, not in what is sent or kept."""
    results = [publish(project)]
    for method, part, status in [("POST", "/preupload/", 401), ("POST", "/commit/", 403), ("POST", "/commit/", 500)]:
        (project.adapter_folder / "config.json").write_text((project.adapter_folder / "config.json").read_text() + "\n")
        hub.fail(method, part, status)
        results.append(publish(project))
    said = "".join(capfd.readouterr()) + "".join(result.output + repr(result.exception) for result in results)
    kept = b"".join(path.read_bytes() for path in project.root.rglob("*") if path.is_file())
    assert [result.exit_code for result in results] == [0, 2, 2, 1]
    assert TOKEN not in said
    assert TOKEN.encode() not in kept
    assert all(TOKEN.encode() not in data for data in hub.head(REPO).files.values())


def test_without_a_login_it_says_how(hub: Hub, project: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """Code 2, one line."""
    monkeypatch.delenv("HF_TOKEN")
    result = publish(project)
    assert result.exit_code == 2
    assert "hf auth login" in result.stderr
    assert not hub.store.repositories


def test_a_dry_run_sends_nothing(hub: Hub, project: Paths) -> None:
    """It lists the files that would be sent."""
    result = publish(project, "--dry-run", "--with-labels")
    assert result.exit_code == 0
    assert not hub.requests
    assert not project.receipt.exists()
    for name in ("README.md", "config.json", "model.safetensors", "labels.parquet"):
        assert str(project.exported / name) in result.stdout


def test_private_and_pull_request(hub: Hub, project: Paths) -> None:
    """The repository is made private; a pull request leaves main as it is."""
    assert publish(project, "--private").exit_code == 0
    assert hub.repository(REPO).private
    head = hub.head(REPO).sha
    result = publish(project, "--create-pr", "--with-metrics")
    assert f"{hub.url}/{REPO}/discussions/1" in result.stdout
    assert hub.head(REPO).sha == head
    assert "metrics.json" in hub.repository(REPO).at("refs/pr/1").files


@pytest.mark.parametrize(
    ("threshold", "said"),
    [
        ({"kept_at_least": 1.0}, "which must be 100.0% or more"),
        ({"regret_at_most": 0.0}, "which must be 0.0% or less"),
    ],
)
def test_a_missed_threshold_refuses(hub: Hub, project: Paths, threshold: dict[str, Any], said: str) -> None:
    """Code 2, and nothing is sent, not in a dry run either."""
    write_params(project.root, **threshold)
    for options in ((), ("--dry-run",)):
        result = publish(project, *options)
        assert result.exit_code == 2
        assert said in result.stderr
    assert not hub.requests


@pytest.mark.parametrize(
    ("audit", "code"), [({"passed": True}, 0), ({"passed": False, "failed": ["position bias"]}, 2), ({}, 2)]
)
def test_an_audit_of_the_judge_must_have_passed(hub: Hub, project: Paths, audit: dict[str, Any], code: int) -> None:
    """An audit that says nothing has not passed."""
    project.audit.write_text(json.dumps(audit))
    result = publish(project)
    assert result.exit_code == code
    assert bool(hub.store.repositories) == (code == 0)
    assert code == 0 or ", ".join(audit.get("failed", ["see gie audit"])) in result.stderr


def test_without_an_audit_nothing_is_published(hub: Hub, project: Paths) -> None:
    """The line names the command to run."""
    project.audit.unlink()
    result = publish(project)
    assert result.exit_code == 2
    assert f"no audit of the judge: run gie audit {NAME} first" in result.stderr
    assert not hub.store.repositories


def test_an_adapter_that_was_not_evaluated_is_refused(hub: Hub, project: Paths) -> None:
    """The line names the stage to run."""
    project.evaluation.unlink()
    result = publish(project)
    assert result.exit_code == 2
    assert f"run gie evaluate {NAME} first" in result.stderr
    assert not hub.requests


def test_export_is_what_publish_sends(hub: Hub, project: Paths) -> None:
    """Byte for byte, and the same again."""
    assert gie(project.root, "export", NAME, "--repo", REPO).exit_code == 0
    exported = {path.name: path.read_bytes() for path in project.exported.iterdir()}
    assert publish(project).exit_code == 0
    sent = {name: data for name, data in hub.head(REPO).files.items() if name != ".gitattributes"}
    assert sent == exported
