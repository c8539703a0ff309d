"""The test prompts drawn with the adapter: the only new pictures of an evaluation.

They go through the ledger like a sweep, in batches that the table of prompts alone decides, under the hash of the adapter.
"""

import hashlib
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.drawing import generators, sampling
from pipeline.paths import Paths
from pipeline.png import encode_png
from pipeline.render import Shot
from pipeline.settings import Recipe
from pipeline.tables import Prompt, SweepImage
from pipeline.workers import open_studio

if TYPE_CHECKING:
    from gie.adapter import Adapter


def draw_adapted(recipe: Recipe, paths: Paths, prompts: Sequence[Prompt]) -> Iterator[SweepImage]:
    """One picture a prompt, with the scale that the adapter inferred for it."""
    from gie.adapter import Adapter

    adapter = Adapter.from_pretrained(paths.adapter_folder)
    # the scale of a shot is what is asked for: nothing, since the adapter infers it
    shots = [Shot(prompt, 0.0) for prompt in prompts]
    with open_studio(recipe, paths, adapter=adapter_hash(paths.adapter_folder)) as studio:
        yield from studio.developed(
            "pictures with the adapter", shots, SweepImage, partial(draw_batch, adapter=adapter)
        )


def draw_batch(pipe: Any, recipe: Recipe, shots: Sequence[Shot], *, adapter: "Adapter") -> list[SweepImage]:
    """Draw each prompt from its own noise; a row's scale is the mean over the concept's tokens."""
    from gie.inhibiting import inhibit

    # what is measured is what the adapter infers, for these very weights: no fallback
    with inhibit(pipe, adapter, outside="go_on", strict=True) as run:
        prompts = [shot.prompt.prompt for shot in shots]
        seeds = generators(shot.prompt.seed for shot in shots)
        images = pipe(prompt=prompts, generator=seeds, **sampling(recipe.sweep)).images
    scales = run.scales[:, 0].tolist()  # [images] of the only concept
    return [
        SweepImage(shot.prompt.prompt_id, float(scale), encode_png(image))
        for shot, scale, image in zip(shots, scales, images, strict=True)
    ]


def adapter_hash(folder: Path) -> str:
    """Hash of the adapter's weights and config, and of the code that runs them."""
    import gie.adapter

    files = [folder / "config.json", folder / "model.safetensors", Path(str(gie.adapter.__file__))]
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()
