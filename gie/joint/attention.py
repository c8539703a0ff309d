"""The inhibitor's equations in joint attention, as pure functions of tensors.

The image's queries attend to one row of keys, the image's own and the text's. So the concept's map has the image in its softmax too,
as a UNet's has [SOT] and padding, and the term takes of it what W says: nothing of the image's keys, the concept's own slots by their
scales,

    softmax(Q [K; K*]^T / sqrt d) [0; W V*]

which is the cross-attention term with longer keys. The concept's own queries read the image as a prompt's do.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from gie.inhibitor import LARGEST_MAP, inhibitor, weigh

Pixels = Float[Tensor, "images heads pixels d"]
Tokens = Float[Tensor, "images heads slots d"]


def joint_inhibitor(Q: Pixels, K: Pixels, *, text: tuple[Tokens, Tokens], W: Float[Tensor, "images slots"]) -> Pixels:
    """One concept's term; `text` are its K* and V*, K the image's keys."""
    K_star, V_star = text
    WV = weigh(V_star, W)
    return inhibitor(Q, torch.cat([K, K_star], dim=2), torch.cat([torch.zeros_like(K), WV], dim=2))


def joint_means(Q: Pixels, K: Pixels, K_star: Tokens, *, read: Sequence[slice]) -> Float[Tensor, "images read"]:
    """Mean over heads and pixels of M* for each slot of `read`, in fp32 also under autocast (Eq. 9 for one layer)."""
    images, heads, pixels, d = Q.shape
    keys = torch.cat([K, K_star], dim=2).float().transpose(-1, -2) * d**-0.5
    at_once = max(1, LARGEST_MAP // (images * heads * keys.shape[-1]))
    totals = torch.zeros(images, sum(slots.stop - slots.start for slots in read), device=Q.device)
    with torch.autocast(Q.device.type, enabled=False):
        for part in Q.split(at_once, dim=2):
            M = (part.float() @ keys).softmax(dim=-1)[..., pixels:]  # [images, heads, some pixels, slots]
            totals += torch.cat([M[..., slots] for slots in read], dim=-1).sum(dim=(1, 2))
    return totals / (heads * pixels)


def read_image(query: Tokens, image: tuple[Pixels, Pixels], *, text: tuple[Tokens, Tokens]) -> Tokens:
    """What the concept's queries get from the image's keys and values and its own."""
    K, V = (torch.cat(pair, dim=2) for pair in zip(image, text, strict=True))
    return F.scaled_dot_product_attention(query, K, V)
