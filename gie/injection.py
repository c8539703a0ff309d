"""What one `inhibit` block asks of one layer, and what the layer tells: the same for every kind of attention.

How K* and V* come about and where the term goes in differs, and is in `gie.cross` and `gie.joint`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from gie.errors import GieError
from gie.rows import Parts
from gie.slots import Stretch

Mode = Literal["idle", "skip", "inject", "read"]
"""`idle`: no forward was announced, so to run is an error. `skip`: stay out of this forward. `read`: inject, and read too."""


@dataclass
class ConceptInLayer:
    """One concept in one layer, for one generation."""

    embedding: Float[Tensor, "1 slots width"]
    stretches: tuple[Stretch, ...]
    """Where its own tokens lie, whose mean attention is read, and its [EOT], read as one more token."""
    empty: Float[Tensor, "1 slots width"] | None = None
    """What is taken from its values: those of the empty text; None: nothing."""
    weights: Float[Tensor, "images slots"] | None = None
    """None: nothing is injected."""
    active: bool = True
    """False: the coming step is outside of the concept's window."""
    reading: bool = False
    """Whether the means are wanted from a forward that reads."""
    means: Float[Tensor, "images read"] | None = None
    """What was read last (Eq. 9, this layer): of each own token, then of [EOT]."""

    @property
    def slots_read(self) -> tuple[slice, ...]:
        """The slots whose mean attention is read."""
        return (*(stretch.own for stretch in self.stretches), *(stretch.eot for stretch in self.stretches))

    def keep(self, means: Float[Tensor, "images read"]) -> None:
        """Keep what was read of the slots of `slots_read`; [EOT] is the mean of its stretches."""
        ends = len(self.stretches)
        own, eot = means[:, :-ends], means[:, -ends:]
        self.means = torch.cat([own, eot.mean(dim=1, keepdim=True)], dim=1)

    def set_scales(self, weights: Float[Tensor, "images slots"] | None) -> None:
        """Inject with `weights` from the next forward on."""
        self.weights = weights


@dataclass(eq=False)
class Injection:
    """One block's part in one layer; the same object as long as the block lasts."""

    attention: ClassVar[str]
    """What kind of attention the layer has, in words."""
    concept_in_layer: ClassVar[type[ConceptInLayer]] = ConceptInLayer

    mode: Mode = "idle"
    parts: Parts = ()
    """The conditional parts of the batch."""
    concepts: tuple[ConceptInLayer, ...] = ()
    ran: bool = False
    """Whether the layer was reached since the forward was announced."""

    def begin(self, texts: Sequence[tuple[Tensor, tuple[Stretch, ...], Tensor | None]]) -> None:
        """A new generation of concepts: embedding, stretches and the empty text's embedding; none: there is no generation any more."""
        self.mode, self.concepts = "idle", tuple(self.concept_in_layer(*text) for text in texts)

    def takes_part(self) -> bool:
        """The layer is reached: whether it has to act in this forward.

        Raises:
            GieError: no forward was announced.
        """
        self.ran = True
        if self.mode == "idle":
            raise GieError(
                "expected the denoiser to be called, got its forward alone, past the hooks that inhibit() put there"
            )
        return self.mode != "skip"


class InhibitedProcessor:
    """What stands in place of a layer's processor; injections of an outer block come first, each adds its own term."""

    def __init__(self, original: Any, injections: Sequence[Injection]) -> None:
        self.original = original
        self.injections = tuple(injections)

    @property
    def plain(self) -> Any:
        """The processor that was there before any block."""
        return self.original.plain if isinstance(self.original, InhibitedProcessor) else self.original


def split_heads(states: Float[Tensor, "rows length width"], heads: int) -> Float[Tensor, "rows heads length d"]:
    """The heads as a dimension of their own; a view, as AttnProcessor2_0 makes it."""
    rows, _, width = states.shape
    return states.view(rows, -1, heads, width // heads).transpose(1, 2)
