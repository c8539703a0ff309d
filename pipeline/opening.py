"""A prompt and its pictures, as a judge is shown them."""

from collections.abc import Sequence

from labeling.verdict import Sweep
from pipeline.png import open_picture
from pipeline.settings import Recipe
from pipeline.tables import Prompt, SweepImage


def open_sweep(recipe: Recipe, prompt: Prompt, pictures: Sequence[SweepImage]) -> Sweep:
    """The pictures of one prompt: all scales of the recipe, or those that a search asked for."""
    images = {picture.scale: open_picture(picture.image) for picture in pictures}
    searched = len(images) < len(recipe.sweep.ladder)
    return Sweep(prompt.prompt, prompt.rest, recipe.concept, recipe.synonyms, images, prompt.prompt_id, searched)
