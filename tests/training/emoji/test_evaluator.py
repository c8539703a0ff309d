"""The evaluator: its outputs, its files, and what the committed one sees."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from training.emoji.evaluator import FOUND, Evaluator, EvaluatorConfig
from training.emoji.vocabulary import read_vocabulary

ROOT = Path(__file__).parents[3]
REFERENCE = ROOT / "data/emoji/reference"
CONFIG = EvaluatorConfig(("cat", "dog"), ("flat", "round", "line"), ("white", "black"), 0.4)


@pytest.fixture(scope="module")
def committed() -> Evaluator:
    """The evaluator that ships."""
    return Evaluator.from_pretrained(ROOT / "data/models/emoji-evaluator")


def test_scores_have_one_row_a_picture_and_are_probabilities() -> None:
    """Shapes and ranges of every output."""
    scores = Evaluator(CONFIG).eval().score([Image.new("RGB", (64, 64), "red"), Image.new("RGB", (32, 80))])

    assert scores.concepts.shape == (2, 2)
    assert scores.quality.shape == (2,)
    np.testing.assert_allclose(scores.styles.sum(1), 1, rtol=1e-5)
    np.testing.assert_allclose(scores.backgrounds.sum(1), 1, rtol=1e-5)


def test_saving_and_loading_changes_nothing_but_the_precision(tmp_path: Path) -> None:
    """The names come back as they were, the outputs within fp16."""
    evaluator = Evaluator(CONFIG).eval()
    evaluator.save_pretrained(tmp_path)

    loaded = Evaluator.from_pretrained(tmp_path)

    pixels = torch.rand(3, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert loaded.config == CONFIG
    np.testing.assert_allclose(
        loaded.score_pixels(pixels).concepts, evaluator.score_pixels(pixels).concepts, atol=2e-3
    )  # fp16 weights carry 11 bits


def test_it_names_every_reference_picture(committed: Evaluator) -> None:
    """On each committed rendering it finds the concept that is there, no other, and calls it a picture."""
    rows = list(csv.DictReader((REFERENCE / "labels.csv").read_text().splitlines()))
    scores = committed.score([Image.open(REFERENCE / row["file"]) for row in rows])

    found = [{committed.concepts[i] for i in np.flatnonzero(line >= FOUND)} for line in scores.concepts]
    right = [names == {row["concept"]} for names, row in zip(found, rows, strict=True)]

    assert len(rows) >= 60
    assert np.mean(right) >= 0.98
    assert (scores.quality >= committed.quality_threshold).mean() >= 0.98


def test_an_empty_background_shows_nothing_and_is_no_picture(committed: Evaluator) -> None:
    """A blank of any background must not count as a kept picture, nor as any concept."""
    scores = committed.score([Image.new("RGB", (64, 64), rgb) for rgb in read_vocabulary().backgrounds.values()])

    assert scores.concepts.max() < FOUND
    assert scores.quality.max() < committed.quality_threshold


def test_a_blank_of_a_colour_it_never_saw_is_no_picture(committed: Evaluator) -> None:
    """Pure red may remind it of a heart, but it is no picture."""
    assert committed.score([Image.new("RGB", (64, 64), "red")]).quality[0] < committed.quality_threshold


def test_noise_shows_nothing_and_is_no_picture(committed: Evaluator) -> None:
    """Noise must not count as erased."""
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    scores = committed.score([Image.fromarray(noise)])

    assert scores.concepts.max() < FOUND
    assert scores.quality[0] < committed.quality_threshold
