"""Which token slots of a concept's text are injected, found by counting (section 3.2 of the paper), and which values.

A text of n tokens lies in a context of N slots as [SOT], its own n tokens, [EOT], padding. The paper injects the own
tokens alone. In a CLIP-conditioned model much of the meaning sits in [EOT] and the padding after it, so these can be
injected too. Where a context holds the text once for CLIP and once for T5, each is such a stretch of slots.
"""

from dataclasses import dataclass
from typing import Literal

Slots = Literal["concept", "concept+eot", "all"]
"""`concept`: the own tokens (paper). `concept+eot`: [EOT] too. `all`: every slot after [SOT]."""

Values = Literal["concept", "concept-empty"]
"""`concept`: the slots' V* (paper). `concept-empty`: what they have beyond those of the empty text in the same slots."""


@dataclass(frozen=True)
class Stretch:
    """Consecutive slots of a context that hold the text once."""

    first: int
    """The slot of its first own token."""
    tokens: int
    """How many own tokens it has there."""
    stop: int
    """The slot behind its last one."""

    @property
    def own(self) -> slice:
        """Where the own tokens lie."""
        return slice(self.first, self.first + self.tokens)

    @property
    def eot(self) -> slice:
        """Where [EOT] lies, which has read all of them."""
        return slice(self.own.stop, self.own.stop + 1)

    def injected(self, slots: Slots) -> slice:
        """The slots that are injected; the own ones come first."""
        own = self.own
        stops: dict[Slots, int] = {"concept": own.stop, "concept+eot": own.stop + 1, "all": self.stop}
        return slice(own.start, stops[slots])
