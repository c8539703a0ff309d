"""The files of `gie erase`: each PNG says in the text chunk `gie` how it was made, so that a picture never parts from it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

CHUNK = "gie"
"""Name of the PNG text chunk: JSON with prompt, model, scheduler, steps, guidance, slots, values, seed and the w of each concept."""


@dataclass(frozen=True)
class Picture:
    """One picture that was drawn."""

    path: Path
    scales: dict[str, float]
    """Concept -> the w that was injected: given, or the adapter's mean over the concept's tokens; 0 on plain ones."""


@dataclass(frozen=True)
class Album:
    """Where the pictures go, and what all of them have in common."""

    folder: Path
    """It is there."""
    seeds: Sequence[int]
    """One a picture."""
    told: dict[str, Any]
    """For the chunk."""

    def save(self, name: str, images: Sequence[Image.Image], scales: Sequence[dict[str, float]]) -> tuple[Picture, ...]:
        """Write one picture a seed."""
        return tuple(
            Picture(self._write(name if len(images) == 1 else f"{name}-{seed}", image, seed=seed, scales=used), used)
            for seed, image, used in zip(self.seeds, images, scales, strict=True)
        )

    def save_beside(
        self, plain: Sequence[Image.Image], erased: Sequence[Image.Image], scales: Sequence[dict[str, float]]
    ) -> Path:
        """Write all in one picture, a row a seed: plain at the left, erased at the right."""
        rows = [np.hstack([np.asarray(left), np.asarray(right)]) for left, right in zip(plain, erased, strict=True)]
        return self._write("compared", Image.fromarray(np.vstack(rows)), seeds=list(self.seeds), scales=list(scales))

    def _write(self, name: str, image: Image.Image, **own: Any) -> Path:
        info = PngInfo()
        info.add_text(CHUNK, json.dumps({**self.told, **own}))
        path = self.folder / f"{name}.png"
        image.save(path, pnginfo=info)
        return path
