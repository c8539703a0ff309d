"""Eq. 11's threshold: how far concepts lie from each other, and what close ones do together: `python -m benchmarks.close_concepts`.

First the distances 1 - cos of [EOT] between a concept and its synonyms, and between different concepts, on emoji-sd. Then a concept and
a synonym are both erased, with the filter (the stronger acts alone) and without (both act).
"""

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from statistics import median
from typing import Any

import torch
from PIL import Image

from benchmarks.emoji import Draw, heading, line, open_easel, say
from benchmarks.passes import encode_outside
from gie.concept import Concept
from gie.inhibiting import THRESHOLD, inhibit
from gie.inhibitor import distances
from gie.slots import Slots
from pipeline.settings import read_recipe
from pipeline.tables import Prompt
from training.emoji.vocabulary import read_vocabulary

RECIPES = ("emoji-airplane", "emoji-cat", "emoji-car")
PROMPTS = 20
SCALES = (-0.8, -1.6)


def main() -> None:
    """Print distances and the outcomes of pairs."""
    easel = open_easel(RECIPES[0], PROMPTS)
    words = {name: [read_recipe(name).concept, *read_recipe(name).synonyms] for name in RECIPES}
    near = [pair for group in words.values() for pair in combinations(group, 2)]
    concepts = read_vocabulary(Path(easel.recipe.prompts.vocabulary)).concepts
    far = list(combinations(concepts, 2))
    for title, pairs in (("synonyms", near), ("different concepts", far)):
        found = sorted((distance(easel.pipe, *pair), pair) for pair in pairs)
        middle = median(value for value, _ in found)
        say(f"{title}: {len(found)} pairs, {found[0]} to {found[-1]}, median {middle:.3f}")
        below = sum(value < THRESHOLD for value, _ in found)
        say(f"  below {THRESHOLD:g}: {below}; the five nearest {found[:5]}; the five farthest {found[-5:]}")
    both = words[RECIPES[0]][:2]
    say(heading(f"{' and '.join(both)}, gone / kept / both"))
    for scale in SCALES:
        for name, threshold in (("filter", THRESHOLD), ("no filter", 0.0)):
            say(
                line(
                    f"{name}, w = {scale:g}",
                    easel.count(together(both, easel.recipe.sweep.slots, scale=scale, threshold=threshold)),
                )
            )


def distance(pipe: Any, first: str, second: str) -> float:
    """1 - cos of two texts' [EOT]."""
    pooled = torch.stack([encode_outside(pipe, text).pooled for text in (first, second)])
    return round(float(distances(pooled)[0, 1]), 3)


def together(texts: Sequence[str], slots: Slots, *, scale: float, threshold: float) -> Draw:
    """Draw with all texts erased at one scale."""

    def draw(pipe: Any, asked: dict[str, Any], _: Sequence[Prompt]) -> Sequence[Image.Image]:
        concepts = [Concept(text, scale=scale, slots=slots) for text in texts]
        with inhibit(pipe, *concepts, threshold=threshold):
            return pipe(**asked).images

    return draw


if __name__ == "__main__":
    with torch.inference_mode():
        main()
