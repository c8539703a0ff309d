"""W&B beside the train stage: nothing at all unless asked, and pictures blurred unless asked; the rest is in test_wandb."""

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.experiments import CELL_PX, PICK, draw_strip
from tests.support.publishing import ROOT


def checkered() -> bytes:
    """A picture that is all edges."""
    squares = np.kron((np.indices((8, 8)).sum(axis=0) % 2 * 255), np.ones((12, 12))).astype(np.uint8)
    stored = io.BytesIO()
    Image.fromarray(squares).convert("RGB").save(stored, "PNG")
    return stored.getvalue()


def contrast(strip: Image.Image) -> float:
    """Spread of the second cell's middle."""
    return float(np.asarray(strip)[20:-20, CELL_PX + 20 : 2 * CELL_PX - 20].std())


def test_pictures_are_blurred_unless_asked() -> None:
    """What is shown has lost its edges; asked for plainly it has them."""
    sweep = {0.0: checkered(), -1.0: checkered()}
    assert contrast(draw_strip(sweep, None, blurred=False)) > 100
    assert contrast(draw_strip(sweep, None, blurred=True)) < 20


def test_the_pick_is_framed() -> None:
    """And only the pick."""
    pixels = np.asarray(draw_strip({0.0: checkered(), -1.0: checkered()}, -1.0, blurred=True))
    assert tuple(pixels[1, CELL_PX + 1]) == PICK
    assert tuple(pixels[1, 1]) != PICK


@pytest.mark.slow
def test_unless_asked_wandb_is_not_even_imported(tmp_path: Path) -> None:
    """In a process of its own that trains; the same process can import it."""
    code = (
        "import sys; from pathlib import Path; from tests.support.publishing import publishable_project; "
        f"publishable_project(Path({str(tmp_path)!r})); print('wandb' in sys.modules); import wandb"
    )
    own = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    ended = subprocess.run([sys.executable, "-c", code], env=own, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split() == ["False"]
