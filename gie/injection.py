"""What one `inhibit` block asks of one layer, and what the layer tells: the same for every kind of attention.

How K* and V* come about and where the term goes in differs, and is in `gie.cross` and `gie.joint`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from gie.errors import GieError
from gie.rows import Parts
from gie.texts import EncodedConcept, Texts

Mode = Literal["idle", "skip", "inject", "read"]
"""`idle`: no forward was announced, so to run is an error. `skip`: stay out of this forward. `read`: inject, and read too."""


@dataclass
class ConceptInLayer:
    """One concept in one layer, for one generation."""

    text: EncodedConcept
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
        """The slots whose mean attention is read: those of its own tokens, then its [EOT]s."""
        stretches = self.text.stretches
        return (*(stretch.own for stretch in stretches), *(stretch.eot for stretch in stretches))

    def keep(self, means: Float[Tensor, "images read"]) -> None:
        """Keep what was read of the slots of `slots_read`; [EOT] is the mean of its stretches."""
        ends = len(self.text.stretches)
        own, eot = means[:, :-ends], means[:, -ends:]
        self.means = torch.cat([own, eot.mean(dim=1, keepdim=True)], dim=1)


@dataclass(eq=False)
class Injection:
    """One block's part in one layer; the same object as long as the block lasts."""

    attention: ClassVar[str]
    """What kind of attention the layer has, in words."""

    mode: Mode = "idle"
    parts: Parts = ()
    """The conditional parts of the batch."""
    concepts: tuple[ConceptInLayer, ...] = ()
    ran: bool = False
    """Whether the layer was reached since the forward was announced."""

    def begin(self, texts: Texts | None) -> None:
        """A new generation of these concepts; None: there is no generation any more, and all tensors are dropped."""
        encoded = texts.concepts if texts else ()
        self.concepts = tuple(ConceptInLayer(text) for text in encoded)
        self.mode = "idle"

    def announce(self, mode: Mode, parts: Parts, active: Sequence[bool]) -> None:
        """A forward is coming: what it is, which rows see the text, and which concepts act in it."""
        self.mode, self.parts, self.ran = mode, parts, False
        for concept, acts in zip(self.concepts, active, strict=False):  # none after the generation
            concept.active = acts

    def set_scales(self, weights: Mapping[int, Float[Tensor, "images slots"] | None]) -> None:
        """Inject concepts, by their place in the block, with these weights from the next forward on."""
        for index, of_concept in weights.items():
            self.concepts[index].weights = of_concept

    @property
    def _each(self) -> list[tuple[int, ConceptInLayer]]:
        return list(enumerate(self.concepts))

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
