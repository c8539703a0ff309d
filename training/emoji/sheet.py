"""The contact sheet: what emoji-sd draws, for a person to look at."""

from pathlib import Path

from diffusers import StableDiffusionPipeline
from PIL import Image

from training.emoji.quality import draw, quality_scenes
from training.emoji.scene import SINGLE
from training.emoji.vocabulary import Vocabulary

COLUMNS = 15


def write_sheet(words: Vocabulary, pipeline: StableDiffusionPipeline, path: Path) -> None:
    """One picture of each of the quality scenes, row by row: every concept in every style, implied phrases, pairs."""
    scenes = quality_scenes(words)
    ordered = [s for s in scenes if s.kind == SINGLE] + [s for s in scenes if s.kind != SINGLE]
    images = [one.image for one in draw(pipeline, ordered, seeds=1)]
    width, height = images[0].size
    rows = -(-len(images) // COLUMNS)
    sheet = Image.new("RGB", (width * COLUMNS, height * rows), "white")
    for index, image in enumerate(images):
        sheet.paste(image, (index % COLUMNS * width, index // COLUMNS * height))
    sheet.save(path, optimize=True)
