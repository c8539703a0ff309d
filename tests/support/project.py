"""A project folder with one small recipe on the tiny model, and the command line run in it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from typer.testing import CliRunner, Result

from pipeline.cli import app
from pipeline.paths import Paths
from pipeline.settings import Recipe, read_recipe

ROOT = Path(__file__).parents[2]
NAME = "tiny-airplane"
# A test run in the background ignores ctrl-c, and so would its children.
MAIN = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from pipeline.cli import main; main()"


def recipe_content() -> dict[str, Any]:
    """A recipe as it stands in a file: 6 prompts at 3 scales, 8 pictures a batch."""
    return {
        "concept": "airplane",
        "synonyms": ["plane", "aircraft", "jet"],
        "model": {"id": "model"},
        "prompts": {
            "provider": "template",
            "vocabulary": str(ROOT / "data" / "emoji" / "vocabulary.json"),
            "counts": {
                "train": {"explicit": 2, "benign": 1},
                "val": {"pair": 1},
                "test": {"synonym": 1, "implicit": 1},
            },
        },
        "sweep": {
            "scales": [-1, -2.5],
            "slots": "concept",
            "steps": 2,
            "guidance": 5.0,
            "scheduler": "DPMSolverMultistep",
            "height": 64,
            "width": 64,
            "batch_size": 8,
        },
        "label": {"judge": "local", "model": "clip"},
        "train": {"preset": "paper", "absent": "drop"},
        "evaluate": {"evaluator": "evaluator"},
    }


def write_project(root: Path, content: dict[str, Any] | None = None) -> Path:
    """Write `params.yaml` with this content for the one recipe; the file."""
    path = root / "params.yaml"
    path.write_text(yaml.safe_dump({"adapters": [NAME], "recipes": {NAME: content or recipe_content()}}))
    return path


def project_recipe(root: Path, content: dict[str, Any] | None = None) -> tuple[Recipe, Paths]:
    """The recipe as the stages take it."""
    return read_recipe(NAME, write_project(root, content)), Paths(root, NAME)


def gie(root: Path, *arguments: str) -> Result:
    """Run a command in this process, with the project's params file where it takes one."""
    own = [] if arguments[0] == "erase" else ["--params", str(root / "params.yaml")]
    return CliRunner().invoke(app, [*arguments, *own])


def start_gie(root: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start a command in a process of its own, inside the project."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", MAIN, *arguments],
        cwd=root,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def one_line(said: str) -> str:
    """The one line of an error, which begins with the command's name; progress bars before it are not errors."""
    errors = [line for line in said.splitlines() if line.startswith("gie: ")]
    assert len(errors) == 1, said
    assert "Traceback" not in said
    return errors[0]
