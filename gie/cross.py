"""What is injected into one cross-attention layer, and read there.

K* and V* are projected by the layer's own `to_k`, `to_v` inside the first forward of a generation: under CPU offload
the weights are elsewhere before it, and a LoRA's scale acts only inside. Later forwards only read tensors.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from gie.inhibitor import inhibitor, token_means, weigh
from gie.injection import Injection, Mode, split_heads
from gie.kept_prompt import KeptPrompt
from gie.rows import Parts
from gie.texts import Texts

Term = tuple[Float[Tensor, "rows heads slots d"], Float[Tensor, "rows heads slots d"]]
"""K* and W V*, with a row for each image; or, of one image, with a row for each concept."""


@dataclass(eq=False, kw_only=True)
class CrossInjection(Injection):
    """One block's part in one cross-attention layer."""

    attention: ClassVar[str] = "cross-attention"

    kept: KeptPrompt
    """The prompt's own keys and values in this layer."""
    rows: Float[Tensor, "texts slots width"] | None = None
    """See `Texts`."""
    keys: Float[Tensor, "concepts heads slots d"] | None = None
    values: Float[Tensor, "concepts heads slots d"] | None = None
    terms: tuple[Term, ...] = ()
    """What is added in the coming forward; made when something changes, for a GPU waits for each small operation."""

    def begin(self, texts: Texts | None) -> None:
        """See `Injection`."""
        super().begin(texts)
        self.rows = texts.rows if texts else None
        self.keys, self.values, self.terms = None, None, ()
        self.kept.forget()

    def announce(self, mode: Mode, parts: Parts, active: Sequence[bool]) -> None:
        """See `Injection`."""
        before = [concept.active for concept in self.concepts]
        super().announce(mode, parts, active)
        if before != [concept.active for concept in self.concepts]:
            self._make_terms()

    def set_scales(self, weights: Mapping[int, Tensor | None]) -> None:
        """See `Injection`."""
        super().set_scales(weights)
        self._make_terms()

    def apply(self, attn: Any, prompt: Tensor, *, query: Tensor, out: Tensor) -> None:
        """Act on the conditional parts of `out` `[rows, heads, pixels, d]`; the others are not touched."""
        if not self.takes_part():
            return
        if self.keys is None:
            self._project(attn, prompt)
        if self.mode == "read":
            self._read(query[self.parts[0]])
        for part in self.parts if self.terms else ():
            looking, of_part = query[part], out[part]
            for keys, weighted in self.terms:
                of_part.add_(_term(looking, keys, weighted))

    def _project(self, attn: Any, like: Tensor) -> None:
        """Make K* and V* of all concepts at once, in the dtype and on the device of the running forward."""
        assert self.rows is not None
        rows, count = self.rows.to(like), len(self.concepts)
        self.keys = split_heads(attn.to_k(rows[:count]), attn.heads)
        values = split_heads(attn.to_v(rows), attn.heads)
        own = [
            values[i : i + 1] - values[count:] if one.text.beyond_empty else values[i : i + 1] for i, one in self._each
        ]
        self.values = torch.cat(own) if count < len(values) else values
        self._make_terms()

    def _read(self, Q: Float[Tensor, "images heads pixels d"]) -> None:
        """Keep the means of this layer's maps."""
        assert self.keys is not None
        for index, concept in self._each:
            if concept.reading:
                concept.keep(token_means(Q, self.keys[index : index + 1], read=concept.slots_read))

    def _make_terms(self) -> None:
        if self.keys is None or self.values is None:
            return  # no forward has come yet
        acting = {
            i: one.weights.to(self.keys.device) for i, one in self._each if one.active and one.weights is not None
        }
        if len(acting) > 1 and all(len(W) == 1 for W in acting.values()):
            # One image: all concepts in one attention, for there the launches count and not the arithmetic.
            keys, values = (torch.cat([of_all[i : i + 1] for i in acting]) for of_all in (self.keys, self.values))
            self.terms = ((keys, weigh(values, torch.cat(list(acting.values())))),)
            return
        self.terms = tuple(
            (self.keys[i : i + 1].expand(len(W), -1, -1, -1), weigh(self.values[i : i + 1], W))
            for i, W in acting.items()
        )


def _term(Q: Tensor, K: Tensor, WV: Tensor) -> Tensor:
    """One concept's term in each image, or the sum of several concepts' in a single one."""
    if len(K) == len(Q):
        return inhibitor(Q, K, WV)
    return inhibitor(Q.expand(len(K), -1, -1, -1), K, WV).sum(dim=0, keepdim=True)
