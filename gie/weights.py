"""W: from scales of a concept's own tokens to one value for each image and slot."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from gie.errors import InputError
from gie.slots import Slots, injected_slots, own_slots


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
    scales: Float[Tensor, "images tokens"], *, slots: Slots, context: int
) -> Float[Tensor, "images context"]:
    """Own tokens by their scales, injected [EOT] and padding by the tokens' mean, 0 outside what is injected."""
    images, tokens = scales.shape
    weights = torch.zeros(images, context)
    weights[:, injected_slots(slots, tokens=tokens, context=context)] = scales.mean(dim=1, keepdim=True)
    weights[:, own_slots(tokens)] = scales
    return weights
