"""W&B beside the train stage: offline without a key, nothing at all unless asked, and pictures blurred unless asked."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import pipeline.train
from pipeline.experiments import CELL_PX, PICK, PROMPTS, draw_strip
from pipeline.paths import Paths
from pipeline.settings import read_recipe
from tests.support.publishing import NAME, ROOT, publishable_project


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
def test_a_run_is_kept_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a key: config, curve, table and adapter lie under build/, ready for `wandb sync`; unless asked, nothing does."""
    import wandb

    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    for folder in ("DATA", "CACHE"):
        monkeypatch.setenv(f"WANDB_{folder}_DIR", str(tmp_path / folder))
    paths = publishable_project(tmp_path)
    assert not (tmp_path / "build").exists()
    recipe = read_recipe(NAME, tmp_path / "params.yaml")
    before = weights(paths)
    pipeline.train.run(recipe.model_copy(update={"train": recipe.train.model_copy(update={"wandb": True})}), paths)
    assert weights(paths) == before, "what is logged changes nothing"
    [file] = (tmp_path / "build").glob("wandb/offline-run-*/run-*.wandb")
    wandb.teardown()  # ends W&B's own process, which writes the last of the file
    log = payload(file.read_bytes())
    for said in (b"recipe_hash", b"airplane", b"epoch"):
        assert said in log, said
    staged = [path.read_bytes() for path in (tmp_path / "DATA").rglob("*") if path.is_file()]
    assert before in staged, "the adapter waits there for `wandb sync`"
    [table] = file.parent.glob("files/media/table/sweeps_*.table.json")
    content = json.loads(table.read_text())
    assert content["columns"] == ["prompt", "kind", "split", "outcome", "scale", "sweep"]
    assert len(content["data"]) == PROMPTS
    strips = [data for data in staged if data.startswith(b"\x89PNG")]
    assert len(strips) > PROMPTS // 2, "one file a sweep, but for sweeps that look alike"


def payload(log: bytes) -> bytes:
    """What W&B's log holds, without the heads of its pieces: 7 bytes each (sum, length, kind), none across 32 KiB."""
    block, head = 32 * 2**10, 7
    found, place = b"", head  # the file has a head too
    while place < len(log):
        left = block - place % block
        if left < head:
            place += left
            continue
        size = int.from_bytes(log[place + 4 : place + 6], "little")
        found += log[place + head : place + head + size]
        place += head + size
    return found


def weights(paths: Paths) -> bytes:
    """Of the adapter."""
    return (paths.adapter_folder / "model.safetensors").read_bytes()


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
