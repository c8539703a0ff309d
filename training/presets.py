"""How an adapter is fitted: the paper's settings exactly, and ours."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Preset:
    """Everything that the fit itself depends on, beside the rows and the seed."""

    epochs: int
    """Passes over all rows, which are one batch."""
    learning_rate: float
    weight_decay: float
    """AdamW's; 0 is plain Adam."""
    hidden: tuple[int, ...]
    """Widths of the hidden layers."""
    normalise: bool
    """Features to mean 0 and deviation 1 over the training rows; raw they are about 0.01 to 0.1."""
    transform: Literal["linear", "bounded"]
    """What follows the last layer: nothing, or a sigmoid times the smallest scale."""
    target: Literal["scale", "window"]
    """`scale`: squared distance to the label. `window`: no loss between the weakest and the strongest scale that work."""
    keep: Literal["last", "best"]
    """The weights of the last epoch, or of the one with the lowest loss on val."""
    members: int = 1
    """Networks that are fitted side by side and averaged."""
    noise: float = 0.0
    """Deviation of what is added to the training features in every pass, in units of their own; 0 = none."""
    pull: float = 0.0
    """Share of the way that what works for a prompt is moved to the scale that works for the most train prompts of its kind; 0 = none."""
    untouched: float = 0.0
    """Share of the commonest scale of the kind that needs the least; what an adapter infers to be weaker than that is 0; 0 = none is."""
    patience: int = 0
    """Epochs without a lower loss on val after which the fit stops, and keeps its best weights; 0 = never."""


PAPER = Preset(
    epochs=2000, learning_rate=1e-3, weight_decay=0.0, hidden=(64, 32),
    normalise=False, transform="linear", target="scale", keep="last",
)  # fmt: skip
"""Eq. 10 and section 5.1 of the paper: MSE, Adam, 1e-3, 2000 epochs."""

DEFAULT = Preset(
    epochs=2000, learning_rate=1e-3, weight_decay=0.01, hidden=(64, 32),
    normalise=True, transform="bounded", target="window", keep="last", members=16, noise=0.2, pull=0.8, untouched=0.7,
)  # fmt: skip
"""What measures better on prompts left out (docs/decisions/fitting-target.md)."""

PRESETS = {"paper": PAPER, "default": DEFAULT}
