"""Concepts that mean the same give way to the strongest of them, image by image (Eq. 11).

Two close concepts would both subtract the same thing. What gave way is told, for a concept that silently does nothing would
look like a failure to erase it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from gie.inhibitor import strongest_of_close


@dataclass(frozen=True)
class GaveWay:
    """One concept that was left out of one image."""

    image: int
    """The image's place in the batch."""
    concept: int
    """The concept's place in the block."""
    scale: float
    """The w that it would have had, mean over its tokens."""
    to: int
    """The place of the closest concept that stayed."""
    distance: float
    """1 - cos of their pooled [EOT]."""

    def line(self, texts: Sequence[str]) -> str:
        """One line for a person, with the concepts' texts."""
        return (
            f"image {self.image}: {texts[self.concept]!r} (w = {self.scale:.2f}) gave way to {texts[self.to]!r}, "
            f"{self.distance:.3f} from it"
        )


def give_way(
    token_scales: Sequence[Float[Tensor, "images _"]], distance: Float[Tensor, "concepts concepts"], *, threshold: float
) -> tuple[list[Float[Tensor, "images _"]], tuple[GaveWay, ...]]:
    """Scales of each concept with those that give way to a stronger, close one set to 0; and which did."""
    means = torch.stack([scales.mean(dim=1) for scales in token_scales], dim=1)
    kept = strongest_of_close(means, distance, threshold=threshold)
    left = [scales * kept[:, index, None] for index, scales in enumerate(token_scales)]
    gone = (~kept & (means != 0)).nonzero().tolist()
    return left, tuple(_gave_way(image, concept, means, distance, kept[image]) for image, concept in gone)


def _gave_way(image: int, concept: int, means: Tensor, distance: Tensor, kept: Tensor) -> GaveWay:
    near, to = distance[concept].masked_fill(~kept, torch.inf).min(dim=0)
    return GaveWay(image, concept, float(means[image, concept]), int(to), float(near))
