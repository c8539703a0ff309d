"""The model that ships: its format, its size, and that it draws."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import StableDiffusionPipeline

from training.emoji.card import ROWS
from training.emoji.evaluator import FOUND, Evaluator

MODELS = Path(__file__).parents[3] / "data/models"
MEGABYTE = 1e6


@pytest.fixture(scope="module")
def pipeline() -> StableDiffusionPipeline:
    """The bundled model as anyone would load it."""
    pipe = StableDiffusionPipeline.from_pretrained(MODELS / "emoji-sd")
    pipe.set_progress_bar_config(disable=True)
    return pipe


def size_of(folder: Path) -> float:
    """Megabytes of all files below a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / MEGABYTE


def test_it_loads_and_draws_with_nothing_of_ours_imported(tmp_path: Path) -> None:
    """diffusers alone is enough, from any folder."""
    script = f"""
import sys
from diffusers import StableDiffusionPipeline
pipe = StableDiffusionPipeline.from_pretrained({str(MODELS / "emoji-sd")!r})
print(pipe("a cat", num_inference_steps=2).images[0].size, {{"gie", "training"}} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)

    assert done.stdout.strip().endswith("(64, 64) set()")


def test_every_part_is_float32_after_loading(pipeline: StableDiffusionPipeline) -> None:
    """The fp16 files load in one dtype, so that half and float never meet."""
    parts = [pipeline.unet, pipeline.vae, pipeline.text_encoder]

    assert {parameter.dtype for part in parts for parameter in part.parameters()} == {torch.float32}


def test_it_stays_small() -> None:
    """At most 40 MB for the pipeline and 60 MB for what stands beside it."""
    assert size_of(MODELS / "emoji-sd") <= 40
    assert size_of(MODELS / "emoji-clip") + size_of(MODELS / "emoji-evaluator") <= 60


def test_the_card_shows_the_measured_numbers() -> None:
    """Each row of the card's table is the number in quality.json."""
    table = json.loads((MODELS / "emoji-sd/quality.json").read_text())
    card = (MODELS / "emoji-sd/README.md").read_text()

    for name, text in ROWS.items():
        assert f"| {text} | {table[name]:.1%} |" in card


@pytest.mark.parametrize("concept", ["cat", "car", "airplane"])
def test_the_evaluator_finds_what_was_asked_for(pipeline: StableDiffusionPipeline, concept: str) -> None:
    """Most pictures of a concept show it, and pictures of another one do not."""
    evaluator = Evaluator.from_pretrained(MODELS / "emoji-evaluator")
    column = evaluator.concepts.index(concept)
    seeds = [torch.Generator().manual_seed(seed) for seed in range(8)]

    draw: Any = pipeline  # its annotation leaves open what comes back

    asked, control = (
        evaluator.score(draw([prompt] * 8, generator=seeds, num_inference_steps=12, guidance_scale=3.0).images)
        for prompt in (f"a picture of a {concept}", "a picture of a house")
    )

    assert (asked.concepts[:, column] >= FOUND).sum() >= 7
    assert (control.concepts[:, column] >= FOUND).sum() <= 1
