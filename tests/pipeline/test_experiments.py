"""W&B beside the train stage: offline without a key, nothing at all unless asked, and pictures blurred unless asked."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import pipeline.train
from pipeline.experiments import CELL_PX, PICK, PROMPTS, draw_strip
from pipeline.paths import Paths
from pipeline.settings import read_recipe
from tests.support.publishing import NAME, publishable_project


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
    log = file.read_bytes()
    for said in (b"recipe_hash", b"airplane", b"epoch", b"emoji-airplane", b"model.safetensors"):
        assert said in log, said
    [table] = file.parent.glob("files/media/table/sweeps_*.table.json")
    content = json.loads(table.read_text())
    assert content["columns"] == ["prompt", "kind", "split", "outcome", "scale", "sweep"]
    assert len(content["data"]) == PROMPTS
    strips = log.count(b"media/images/")
    assert strips > PROMPTS // 2, "the pictures are files of the table's artifact"


def weights(paths: Paths) -> bytes:
    """Of the adapter."""
    return (paths.adapter_folder / "model.safetensors").read_bytes()
