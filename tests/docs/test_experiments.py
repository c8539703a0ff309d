"""docs/experiments.md: every command of the page runs in order and prints what the page shows."""

import socket
from pathlib import Path

import pytest

from tests.support.experimenting import environment, experiment_project, git, s3_server
from tests.support.transcript import missing, run, steps

PAGE = Path(__file__).parents[2] / "docs" / "experiments.md"


def free_port() -> int:
    """Of this machine."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_transcript_is_true(tmp_path: Path) -> None:
    """In a repository of its own, with a folder and a local S3 server as remotes."""
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "remote").mkdir()
    experiment_project(project)
    own = environment(project)
    port = free_port()
    (first, *rest) = steps(PAGE.read_text("utf-8").replace("127.0.0.1:9000", f"127.0.0.1:{port}"))
    run(first, cwd=project, environment=own)  # what the page calls the last run
    git(project, "commit", "--quiet", "--all", "--message", "Trained")
    wrong: list[str] = []
    with s3_server(tmp_path / "s3", port):
        for step in (first, *rest):
            wrong += missing(step, run(step, cwd=project, environment=own))
    assert wrong == []
