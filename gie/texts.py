"""Concepts' texts as the denoiser gets them; `gie.encoding` makes them."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from gie.slots import Stretch


@dataclass(frozen=True)
class EncodedConcept:
    """A concept's text under one call's settings."""

    embedding: Float[Tensor, "1 slots width"]
    """What the denoiser gets of a prompt, for the concept alone."""
    stretches: tuple[Stretch, ...]
    """Where its own tokens lie."""
    pooled: Float[Tensor, "pooled"]
    """[EOT], which has read the whole text, in fp32 (Eq. 11 compares these)."""
    beyond_empty: bool
    """Whether its values are injected without those of the empty text."""

    @property
    def tokens(self) -> int:
        """How many own tokens it has, in all stretches."""
        return sum(stretch.tokens for stretch in self.stretches)


@dataclass(frozen=True)
class Texts:
    """The concepts of one call, encoded together."""

    rows: Float[Tensor, "texts slots width"]
    """A row a concept, and the empty text's behind them where one concept's values are injected without it."""
    concepts: tuple[EncodedConcept, ...]
