"""What is injected into one cross-attention layer, and read there.

K* and V* are projected by the layer's own `to_k`, `to_v` inside the first forward of a generation: under CPU offload
the weights are elsewhere before it, and a LoRA's scale acts only inside. Later forwards only read tensors.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import torch
from jaxtyping import Float
from torch import Tensor

from gie.inhibitor import inhibitor, token_means, weigh
from gie.injection import ConceptInLayer, Injection, split_heads


@dataclass
class CrossConcept(ConceptInLayer):
    """A concept whose keys and values stay as they are through a generation."""

    keys: Float[Tensor, "1 heads slots d"] | None = None
    values: Float[Tensor, "1 heads slots d"] | None = None
    term: tuple[Float[Tensor, "images heads slots d"], Float[Tensor, "images heads slots d"]] | None = None
    """K* and W V*, with a row for each image; None: nothing is injected."""

    def set_scales(self, weights: Float[Tensor, "images slots"] | None) -> None:
        """Inject with `weights` from the next forward on."""
        self.weights, self.term = weights, None
        if self.keys is not None and self.values is not None and weights is not None:
            weighted = weigh(self.values, weights.to(self.values.device))
            self.term = self.keys.expand(len(weighted), -1, -1, -1), weighted

    def read(self, Q: Float[Tensor, "images heads pixels d"]) -> None:
        """Keep the means of this layer's maps."""
        assert self.keys is not None
        self.keep(token_means(Q, self.keys, read=self.slots_read))


@dataclass(eq=False)
class CrossInjection(Injection):
    """One block's part in one cross-attention layer."""

    attention: ClassVar[str] = "cross-attention"
    concept_in_layer: ClassVar[type[ConceptInLayer]] = CrossConcept

    def apply(self, attn: Any, prompt: Tensor, *, query: Tensor, out: Tensor) -> None:
        """Act on the conditional parts of `out` `[rows, heads, pixels, d]`; the others are not touched."""
        if not self.takes_part():
            return
        concepts = cast("tuple[CrossConcept, ...]", self.concepts)
        if concepts[0].keys is None:
            _project(concepts, attn, prompt)
        if self.mode == "read":
            for concept in concepts:
                if concept.reading:
                    concept.read(query[self.parts[0]])
        terms = [concept.term for concept in concepts if concept.active and concept.term]
        # On a GPU the launches count, not the arithmetic: a part is cut out once for all concepts.
        for part in self.parts if terms else ():
            looking, of_part = query[part], out[part]
            for keys, weighted in terms:
                of_part.add_(inhibitor(looking, keys, weighted))


def _project(concepts: Sequence[CrossConcept], attn: Any, like: Tensor) -> None:
    """Make K* and V* of all concepts at once, in the dtype and on the device of the running forward."""
    texts = torch.cat([concept.embedding for concept in concepts]).to(like)
    keys, values = attn.to_k(texts), attn.to_v(texts)
    for index, concept in enumerate(concepts):
        own = values[index : index + 1]
        if concept.empty is not None:
            own = own - attn.to_v(concept.empty.to(like))
        concept.keys = split_heads(keys[index : index + 1], attn.heads)
        concept.values = split_heads(own, attn.heads)
        concept.set_scales(concept.weights)
