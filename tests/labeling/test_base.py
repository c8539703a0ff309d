"""Judging by an endpoint or by people needs neither torch nor a model."""

import subprocess
import sys

LIGHT = [
    "labeling.agreement", "labeling.bisection", "labeling.choose", "labeling.reading", "labeling.rubric", "labeling.sheet",
    "labeling.judges.chain", "labeling.judges.human", "labeling.judges.openai", "labeling.judges.remembered", "pipeline.judging",
]  # fmt: skip


def imported(code: str) -> list[str]:
    """Which of the heavy libraries a fresh interpreter has after running this code."""
    heavy = "[name for name in ('torch', 'transformers', 'diffusers', 'openai') if name in sys.modules]"
    command = [sys.executable, "-c", f"import sys\n{code}\nprint(*{heavy})"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


def test_light_modules_import_nothing_heavy() -> None:
    """All of them together."""
    assert imported("\n".join(f"import {name}" for name in LIGHT)) == []


def test_the_look_sees_heavy_ones() -> None:
    """The local judge does need torch, and the test would notice."""
    assert "torch" in imported("import labeling.judges.local")
