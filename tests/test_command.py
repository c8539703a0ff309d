"""The console script answers at once, because what is heavy is imported when a command needs it."""

import resource
import subprocess
import sys
from pathlib import Path

COMMAND = (sys.executable, "-X", "importtime", str(Path(sys.executable).with_name("gie")), "--help")
HEAVY = {"torch", "diffusers", "transformers", "lightning", "datasets", "pandas", "dvc", "wandb", "openai", "scipy"}
SECONDS = 0.5
"""Of one core, and not of the clock: a busy machine is not a slow command."""


def spent_s() -> float:
    """What finished child processes have taken of the processor."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def test_help_takes_less_than_half_a_second() -> None:
    """The best of three, each with the stages in the answer."""
    taken: list[float] = []
    for _ in range(3):
        before = spent_s()
        answer = subprocess.run(COMMAND[0:1] + COMMAND[3:], capture_output=True, text=True, check=True)
        taken.append(spent_s() - before)
        assert all(stage in answer.stdout for stage in ("prompts", "sweep", "label", "train", "evaluate", "erase"))
    assert min(taken) < SECONDS, taken


def test_help_imports_nothing_heavy() -> None:
    """None of the libraries that take seconds; typer, the control, is among what was imported."""
    lines = subprocess.run(COMMAND, capture_output=True, text=True, check=True).stderr.splitlines()
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in lines if line.startswith("import time:")}
    assert "typer" in imported
    assert not HEAVY & imported
