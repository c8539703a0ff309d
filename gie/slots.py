"""Which token slots of a concept's text are injected, found by counting (section 3.2 of the paper).

A text of n tokens lies in a context of N slots as [SOT], its own n tokens, [EOT], padding. The paper injects the own
tokens alone. In a CLIP-conditioned model much of the meaning sits in [EOT] and the padding after it, so these can be
injected too.
"""

from typing import Literal

Slots = Literal["concept", "concept+eot", "all"]
"""`concept`: the own tokens (paper). `concept+eot`: [EOT] too. `all`: every slot after [SOT]."""

SPECIAL_TOKENS = 2
"""[SOT] and [EOT], which every text has."""


def own_slots(tokens: int) -> slice:
    """Where the `tokens` own tokens of a text lie."""
    return slice(1, 1 + tokens)


def injected_slots(slots: Slots, *, tokens: int, context: int) -> slice:
    """The slots, out of `context`, that are injected for a text of `tokens` own tokens; its own come first."""
    stops: dict[Slots, int] = {"concept": 1 + tokens, "concept+eot": SPECIAL_TOKENS + tokens, "all": context}
    return slice(1, stops[slots])
