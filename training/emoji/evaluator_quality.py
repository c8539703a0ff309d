"""How often the evaluator is right on held-out renderings, and what it confuses with what."""

from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL

from training.emoji.evaluator import FOUND, Evaluator
from training.emoji.fit_evaluator import HELD_OUT, STEPS, draw_labelled
from training.emoji.vocabulary import Vocabulary


def measure_evaluator(words: Vocabulary, vae: AutoencoderKL, evaluator: Evaluator, folder: Path) -> dict[str, float]:
    """Shares on `HELD_OUT` pictures never drawn in training; writes `confusion.csv` into the folder.

    `exact` is the share of real pictures whose every concept is judged right, `negatives` the share of pictures that show
    nothing where no concept is found and the quality is under the threshold.
    """
    batch = draw_labelled(words, vae, np.random.default_rng([3, STEPS + 1]), HELD_OUT)
    scores = evaluator.score_pixels(batch.pixels)
    found, there = scores.concepts >= FOUND, batch.concepts.numpy() > 0
    real = batch.quality.numpy() > 0
    _write_confusion(words, found[real], there[real], folder / "confusion.csv")
    right = (found == there).all(1)
    passed = scores.quality >= evaluator.quality_threshold
    named = batch.background.numpy() >= 0
    return {
        "evaluator/exact": float(right[real].mean()),
        "evaluator/decisions": float((found == there).mean()),
        "evaluator/quality": float(passed[real].mean()),
        "evaluator/negatives": float((~passed & ~found.any(1))[~real].mean()),
        "evaluator/style": float((scores.styles.argmax(1) == batch.style.numpy())[real].mean()),
        "evaluator/background": float((scores.backgrounds.argmax(1) == batch.background.numpy())[named].mean()),
    }


def _write_confusion(words: Vocabulary, found: np.ndarray, there: np.ndarray, path: Path) -> None:
    """Row: the concept that is there; column: how often each concept is found on those pictures."""
    names = list(words.concepts)
    table = torch.from_numpy(there.T.astype(np.float64)) @ torch.from_numpy(found.astype(np.float64))
    lines = [",".join(["there", "pictures", *names])]
    for row, name in enumerate(names):
        counts = [str(int(count)) for count in table[row]]
        lines.append(",".join([name, str(int(there[:, row].sum())), *counts]))
    path.write_text("\n".join(lines) + "\n")
