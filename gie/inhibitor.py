"""The growth inhibitor's equations, as pure functions of tensors.

Attention sums over tokens, so it does not matter where the concept's re-weighted maps are inserted (Eq. 8): the result
is the prompt's own attention plus one term a concept,

    out = softmax(Q K^T / sqrt d) V  +  sum_c  softmax(Q K_c*^T / sqrt d) (W_c V_c*)

and each term is plain scaled dot product attention: no attention map is stored. Letters are the paper's: Q from the
image, K*, V* from the concept's text encoded on its own, W the suppression scale of each image and slot.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

LARGEST_MAP = 2**25
"""Elements of attention map that `token_means` holds at once: 128 MiB in fp32."""
SMALL_MAP = 2**20
"""Elements up to which a CPU is faster with the whole map, 4 MiB: its fused attention is slow for few pixels (docs/decisions/speed.md)."""


def weigh(
    V: Float[Tensor, "#images heads slots d"], W: Float[Tensor, "images slots"]
) -> Float[Tensor, "images heads slots d"]:
    """W V*, multiplied in fp32 so that half precision rounds once."""
    return (V.float() * W[:, None, :, None]).to(V.dtype)


def inhibitor(
    Q: Float[Tensor, "images heads pixels d"],
    K: Float[Tensor, "#images heads slots d"],
    WV: Float[Tensor, "images heads slots d"],
) -> Float[Tensor, "images heads pixels d"]:
    """One concept's term: softmax(Q K*^T / sqrt d) (W V*), the softmax over all slots of the concept's text (Eq. 6, 7)."""
    keys = K if len(K) == len(Q) else K.expand(len(Q), -1, -1, -1)
    in_full = Q.device.type == "cpu" and Q.dtype == torch.float32 and not torch.compiler.is_compiling()
    if in_full and Q.numel() // Q.shape[-1] * K.shape[2] <= SMALL_MAP:
        return _by_the_map(Q, keys, WV)
    return F.scaled_dot_product_attention(Q, keys, WV)


def _by_the_map(Q: Tensor, K: Tensor, WV: Tensor) -> Tensor:
    queries, keys, values = (tensor.flatten(0, 1) for tensor in (Q, K, WV))
    scores = torch.baddbmm(Q.new_zeros(()), queries, keys.transpose(1, 2), beta=0, alpha=Q.shape[-1] ** -0.5)
    return torch.bmm(scores.softmax(dim=-1), values).view(Q.shape)


def token_means(
    Q: Float[Tensor, "images heads pixels d"], K: Float[Tensor, "1 heads slots d"], *, read: Sequence[slice]
) -> Float[Tensor, "images read"]:
    """Mean over heads and pixels of M* for each slot of `read`, in fp32 also under autocast (Eq. 9 for one layer)."""
    _, heads, pixels, d = Q.shape
    at_once = max(1, LARGEST_MAP // (heads * pixels * K.shape[2]))
    keys = K.float().transpose(-1, -2) * d**-0.5
    with torch.autocast(Q.device.type, enabled=False):
        maps = ((part.float() @ keys).softmax(dim=-1) for part in Q.split(at_once))
        return torch.cat([torch.cat([M[..., slots].mean(dim=(1, 2)) for slots in read], dim=1) for M in maps])


def distances(pooled: Float[Tensor, "concepts width"]) -> Float[Tensor, "concepts concepts"]:
    """1 - cos of each pair of concepts (Eq. 11)."""
    unit = F.normalize(pooled, dim=-1)
    with torch.autocast(pooled.device.type, enabled=False):
        return 1 - unit @ unit.T


def strongest_of_close(
    scales: Float[Tensor, "images concepts"], distance: Float[Tensor, "concepts concepts"], *, threshold: float
) -> Bool[Tensor, "images concepts"]:
    """Which concepts are kept in each image: of those closer than `threshold`, the most negative alone (Eq. 11).

    Strongest first, so that a concept gives way only to one that is kept itself; the first of equals is kept.
    """
    kept = torch.zeros_like(scales, dtype=torch.bool)
    close = distance < threshold
    for image, order in enumerate(scales.argsort(dim=1, stable=True).tolist()):
        for concept in order:
            kept[image, concept] = not (close[concept] & kept[image]).any()
    return kept
