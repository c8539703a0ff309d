"""What one `inhibit` block injects into one layer, and what it reads there.

K* and V* are projected by the layer's own `to_k`, `to_v` inside the first forward of a generation: under CPU offload
the weights are elsewhere before it, and a LoRA's scale acts only inside. Later forwards only read tensors.
"""

from dataclasses import dataclass
from typing import Any, Literal

from jaxtyping import Float
from torch import Tensor

from gie.errors import GieError
from gie.inhibitor import inhibitor, token_means, weigh
from gie.rows import Parts

Mode = Literal["idle", "skip", "inject", "read"]
"""`idle`: no forward was announced, so to run is an error. `skip`: stay out of this forward. `read`: inject, and read too."""


@dataclass
class ConceptInLayer:
    """One concept in one layer, for one generation."""

    embedding: Float[Tensor, "1 slots width"]
    own: slice
    """The slots of its own tokens, whose mean attention is read."""
    weights: Float[Tensor, "images slots"] | None = None
    """None: nothing is injected."""
    active: bool = True
    """False: the coming step is outside of the concept's window."""
    reading: bool = False
    """Whether the means are wanted from a forward that reads."""
    means: Float[Tensor, "images tokens"] | None = None
    """What was read last (Eq. 9, this layer)."""
    keys: Float[Tensor, "1 heads slots d"] | None = None
    values: Float[Tensor, "1 heads slots d"] | None = None
    weighted: Float[Tensor, "images heads slots d"] | None = None

    def set_scales(self, weights: Float[Tensor, "images slots"] | None) -> None:
        """Inject with `weights` from the next forward on."""
        self.weights = weights
        if self.values is not None:
            self.weighted = None if weights is None else weigh(self.values, weights.to(self.values.device))

    def project(self, attn: Any, like: Tensor) -> None:
        """Make K* and V*, in the dtype and on the device of the running forward."""
        embedding = self.embedding.to(like)
        self.keys = split_heads(attn.to_k(embedding), attn.heads)
        self.values = split_heads(attn.to_v(embedding), attn.heads)
        self.set_scales(self.weights)

    def read(self, Q: Float[Tensor, "images heads pixels d"]) -> None:
        """Keep the means of this layer's maps."""
        assert self.keys is not None
        self.means = token_means(Q, self.keys, own=self.own)

    def inject(self, Q: Float[Tensor, "images heads pixels d"], out: Float[Tensor, "images heads pixels d"]) -> None:
        """Add this concept's inhibitor to `out`, in place."""
        if self.active and self.weighted is not None:
            assert self.keys is not None
            out.add_(inhibitor(Q, self.keys, self.weighted))


@dataclass(eq=False)
class Injection:
    """One block's part in one layer; the same object as long as the block lasts."""

    mode: Mode = "idle"
    parts: Parts = ()
    """The conditional parts of the batch."""
    concepts: tuple[ConceptInLayer, ...] = ()
    ran: bool = False
    """Whether the layer was reached since the forward was announced."""

    def apply(self, attn: Any, prompt: Tensor, *, query: Tensor, out: Tensor) -> None:
        """Act on the conditional parts of `out` `[rows, heads, pixels, d]`; the others are not touched."""
        self.ran = True
        if self.mode == "skip":
            return
        if self.mode == "idle":
            raise GieError(
                "expected the UNet to be called, got its forward alone, past the hooks that inhibit() put there"
            )
        for concept in self.concepts:
            if concept.keys is None:
                concept.project(attn, prompt)
            if self.mode == "read" and concept.reading:
                concept.read(query[self.parts[0]])
            for part in self.parts:
                concept.inject(query[part], out[part])


def split_heads(states: Float[Tensor, "rows length width"], heads: int) -> Float[Tensor, "rows heads length d"]:
    """The heads as a dimension of their own; a view, as AttnProcessor2_0 makes it."""
    rows, _, width = states.shape
    return states.view(rows, -1, heads, width // heads).transpose(1, 2)
