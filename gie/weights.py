"""W: from scales of a concept's own tokens to one value for each image and slot."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from gie.errors import InputError
from gie.slots import Slots, Stretch


def fixed_scales(scale: float | Sequence[float], *, images: int, tokens: int) -> Float[Tensor, "images tokens"]:
    """The same scale for all tokens of an image; one for all images, or one each.

    Raises:
        InputError: the sequence is not as long as there are images.
    """
    scales = torch.tensor(list(scale) if isinstance(scale, Sequence) else [scale] * images, dtype=torch.float32)
    if len(scales) != images:
        raise InputError(
            f"expected one scale for each of {images} images (prompts times images a prompt), got "
            f"{len(scales)}; give as many, or a single one for all"
        )
    return scales[:, None].expand(images, tokens)


def slot_weights(
    scales: Float[Tensor, "images tokens"], *, slots: Slots, stretches: Sequence[Stretch], context: int
) -> Float[Tensor, "images context"]:
    """Own tokens by their scales, injected [EOT] and padding by the mean of their stretch, 0 outside what is injected."""
    weights = torch.zeros(len(scales), context)
    for stretch, own in zip(stretches, scales.split([stretch.tokens for stretch in stretches], dim=1), strict=True):
        weights[:, stretch.injected(slots)] = own.mean(dim=1, keepdim=True)
        weights[:, stretch.own] = own
    return weights
