"""What emoji-sd can draw, counted by the evaluator: the numbers of its model card.

Every prompt is drawn with 20 seeds. Found means that the evaluator sees it (probability >= 0.5).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import StableDiffusionPipeline
from PIL import Image
from tqdm import tqdm

from training.emoji.evaluator import FOUND, Evaluator, Scores
from training.emoji.scene import IMPLIED, PAIR, SINGLE, Scene
from training.emoji.vocabulary import Vocabulary

SEEDS = 20
STEPS = 12
GUIDANCE = 3.0
BATCH = 40
IMPLIED_PHRASES = 2
"""Implied phrases drawn for each concept."""
PAIRS = 40
"""Random pairs drawn."""

BARS = {"single": 0.95, "single_worst_concept": 0.85, "pair": 0.80, "implied": 0.90, "style": 0.80, "background": 0.80}
"""What the model should reach."""


@dataclass(frozen=True)
class Drawn:
    """One picture and what was asked for."""

    scene: Scene
    image: Image.Image


def measure_quality(words: Vocabulary, pipeline: StableDiffusionPipeline, evaluator: Evaluator) -> dict[str, float]:
    """Draw and count; shares from 0 to 1, and `concept/NAME` for each concept's single pictures."""
    drawn = draw(pipeline, quality_scenes(words))
    scores = evaluator.score([one.image for one in drawn])
    hits = _hits(words, [one.scene for one in drawn], scores)
    single, implied, pair = (_rows(drawn, kind) for kind in (SINGLE, IMPLIED, PAIR))
    by_concept = {
        f"concept/{name}": hits["concept"][[row for row in single if drawn[row].scene.concepts == (name,)]].mean()
        for name in words.concepts
    }
    table = {
        "single": hits["concept"][single].mean(),
        "single_worst_concept": min(by_concept.values()),
        "pair": hits["concept"][pair].mean(),
        "implied": hits["concept"][implied].mean(),
        "style": hits["style"][single].mean(),
        "background": hits["background"][single].mean(),
        "quality": (scores.quality >= evaluator.quality_threshold).mean(),
        **by_concept,
    }
    return {name: round(float(value), 4) for name, value in table.items()}


def quality_scenes(words: Vocabulary) -> list[Scene]:
    """Scenes with captions that name style and background: each concept in each style, implied phrases, random pairs."""
    rng = np.random.default_rng(5)
    styles, backgrounds = list(words.styles), list(words.backgrounds)
    scenes: list[Scene] = []

    def add(kind: str, concepts: tuple[str, ...], sentence: str, style: str) -> None:
        background = str(rng.choice(backgrounds))
        caption = f"{sentence}, {style} style, {background} background"
        scenes.append(Scene(kind, concepts, style, background, caption))

    for name, noun in words.concepts.items():
        for style in styles:
            add(SINGLE, (name,), f"a picture of {noun.phrase}", style)
        for phrase in noun.implied[:IMPLIED_PHRASES]:
            add(IMPLIED, (name,), phrase, str(rng.choice(styles)))
    for _ in range(PAIRS):
        left, right = (str(name) for name in rng.choice(list(words.concepts), 2, replace=False))
        sentence = f"{words.concepts[left].phrase} and {words.concepts[right].phrase}"
        add(PAIR, (left, right), sentence, str(rng.choice(styles)))
    return scenes


def draw(pipeline: StableDiffusionPipeline, scenes: list[Scene], seeds: int = SEEDS) -> list[Drawn]:
    """Every scene with every seed."""
    jobs = [(scene, seed) for scene in scenes for seed in range(seeds)]
    drawn: list[Drawn] = []
    for start in tqdm(range(0, len(jobs), BATCH), "quality", mininterval=2):
        part = jobs[start : start + BATCH]
        output: Any = pipeline(
            [scene.caption for scene, _ in part],
            generator=[torch.Generator().manual_seed(seed) for _, seed in part],
            num_inference_steps=STEPS,
            guidance_scale=GUIDANCE,
        )
        drawn += [Drawn(scene, image) for (scene, _), image in zip(part, output.images, strict=True)]
    return drawn


def write_quality(table: dict[str, float], path: Path) -> None:
    """Write the table beside the model."""
    path.write_text(json.dumps(table, indent=2) + "\n")


def print_quality(table: dict[str, float], say: Callable[[str], None] = print) -> None:
    """The bars with the measured numbers beside them."""
    for name, bar in BARS.items():
        verdict = "reached" if table[name] >= bar else "MISSED"
        say(f"{name:22} {table[name]:.3f}   bar {bar:.2f}   {verdict}")


def _rows(drawn: list[Drawn], kind: str) -> list[int]:
    return [row for row, one in enumerate(drawn) if one.scene.kind == kind]


def _hits(words: Vocabulary, scenes: list[Scene], scores: Scores) -> dict[str, np.ndarray]:
    """For each picture: all its concepts found, its style found, its background found."""
    names, styles, backgrounds = list(words.concepts), list(words.styles), list(words.backgrounds)
    rows = range(len(scenes))
    return {
        "concept": np.array(
            [all(scores.concepts[row, names.index(c)] >= FOUND for c in scenes[row].concepts) for row in rows]
        ),
        "style": np.array([scores.styles[row].argmax() == styles.index(scenes[row].style) for row in rows]),
        "background": np.array(
            [scores.backgrounds[row].argmax() == backgrounds.index(scenes[row].background) for row in rows]
        ),
    }
