"""What is injected into one cross-attention layer, and read there.

K* and V* are projected by the layer's own `to_k`, `to_v` inside the first forward of a generation: under CPU offload
the weights are elsewhere before it, and a LoRA's scale acts only inside. Later forwards only read tensors.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, cast

from jaxtyping import Float
from torch import Tensor

from gie.inhibitor import inhibitor, token_means, weigh
from gie.injection import ConceptInLayer, Injection, split_heads


@dataclass
class CrossConcept(ConceptInLayer):
    """A concept whose keys and values stay as they are through a generation."""

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
        values = attn.to_v(embedding)
        if self.empty is not None:
            values = values - attn.to_v(self.empty.to(like))
        self.values = split_heads(values, attn.heads)
        self.set_scales(self.weights)

    def read(self, Q: Float[Tensor, "images heads pixels d"]) -> None:
        """Keep the means of this layer's maps."""
        assert self.keys is not None
        self.keep(token_means(Q, self.keys, read=self.slots_read))

    def inject(self, Q: Float[Tensor, "images heads pixels d"], out: Float[Tensor, "images heads pixels d"]) -> None:
        """Add this concept's inhibitor to `out`, in place."""
        if self.active and self.weighted is not None:
            assert self.keys is not None
            out.add_(inhibitor(Q, self.keys, self.weighted))


@dataclass(eq=False)
class CrossInjection(Injection):
    """One block's part in one cross-attention layer."""

    attention: ClassVar[str] = "cross-attention"
    concept_in_layer: ClassVar[type[ConceptInLayer]] = CrossConcept

    def apply(self, attn: Any, prompt: Tensor, *, query: Tensor, out: Tensor) -> None:
        """Act on the conditional parts of `out` `[rows, heads, pixels, d]`; the others are not touched."""
        if not self.takes_part():
            return
        for concept in cast("tuple[CrossConcept, ...]", self.concepts):
            if concept.keys is None:
                concept.project(attn, prompt)
            if self.mode == "read" and concept.reading:
                concept.read(query[self.parts[0]])
            for part in self.parts:
                concept.inject(query[part], out[part])
