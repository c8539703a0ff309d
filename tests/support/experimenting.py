"""A small project under git and DVC whose train stage is the repository's own, and an S3 server for its remotes."""

import os
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from pipeline.aside import PROGRAMS
from tests.support.publishing import NAME, publishable_project

ROOT = Path(__file__).parents[2]
CODE = ("gie", "labeling", "pipeline", "training")
CONFIG = "[core]\n    analytics = false\n    check_update = false\n    autostage = true\n"


def experiment_project(root: Path) -> None:
    """Tables up to the labels as they are, and the stage that trains on them: a repository with one commit."""
    paths = publishable_project(root)
    for made in (paths.adapter_folder, paths.evaluating, paths.sweeps):
        subprocess.run(["rm", "-r", str(made)], check=True)
    (root / "dvc.yaml").write_text(yaml.safe_dump(train_alone(), sort_keys=False))
    commit_project(root, linked=CODE, ignored=("/data/adapters/", "/dvc_plots/"))


def commit_project(root: Path, *, linked: Sequence[str], ignored: Sequence[str]) -> None:
    """What lies in `root`, with links to folders of this repository, as a DVC project and the one commit of a repository."""
    for folder in linked:
        (root / folder).symlink_to(ROOT / folder)
    (root / ".dvc").mkdir()
    (root / ".dvc" / "config").write_text(CONFIG)
    (root / ".dvc" / ".gitignore").write_text("/config.local\n/tmp\n/cache\n")
    (root / ".gitignore").write_text("\n".join(ignored) + "\n")
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "A project")


def train_alone() -> dict[str, Any]:
    """`dvc.yaml` with its train stage, whose curve and numbers are plots and metrics here."""
    stage = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]["train"]
    folder = f"data/adapters/{NAME}"
    return {
        "stages": {"train": stage},
        "metrics": [f"{folder}/metrics.json"],
        "plots": [{f"{folder}/history.csv": {"x": "epoch", "y": "val"}}],
    }


def git(root: Path, *arguments: str) -> None:
    """With a name of its own, whatever the machine's."""
    own = ["-c", "user.name=someone", "-c", "user.email=someone@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *own, *arguments], cwd=root, check=True)


def environment(root: Path) -> dict[str, str]:
    """Of the commands: this interpreter's programs, a ledger beside the project, no question to any cloud."""
    return {
        "PATH": os.pathsep.join([str(PROGRAMS), os.environ["PATH"]]),
        "GIE_LEDGER": str(root.parent / "ledger"),
        "OMP_NUM_THREADS": "1",
        "AWS_ACCESS_KEY_ID": "anyone",
        "AWS_SECRET_ACCESS_KEY": "anything",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "GIT_AUTHOR_NAME": "someone",
        "GIT_AUTHOR_EMAIL": "someone@example.com",
        "GIT_COMMITTER_NAME": "someone",
        "GIT_COMMITTER_EMAIL": "someone@example.com",
        "COLUMNS": "120",
    }


@contextmanager
def s3_server(folder: Path, port: int) -> Generator[None]:
    """Localbucket with one bucket, `bucket`, under `folder`."""
    (folder / "bucket").mkdir(parents=True)
    server = subprocess.Popen(
        [sys.executable, "-m", "localbucket", "--port", str(port), str(folder)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        server.terminate()
        server.wait()
