"""What one `inhibit` block was asked for."""

from dataclasses import dataclass
from typing import Literal

from gie.concept import Concept

FirstStep = Literal["inhibited", "plain"]
Outside = Literal["fallback", "go_on"]


@dataclass(frozen=True)
class Settings:
    """The arguments of `inhibit`, checked."""

    concepts: tuple[Concept, ...]
    first_step: FirstStep
    """Whether the first step is inhibited, or left plain (features are then read for free)."""
    capture: bool
    """Whether the first concept's features are read although nothing is inferred from them."""
    threshold: float
    """Concepts whose pooled [EOT] are closer than this (1 - cos) give way to the strongest (Eq. 11)."""
    outside: Outside
    """What an adapter does away from the conditions it was made for."""

    @property
    def windowed(self) -> bool:
        """Whether some step is outside of a concept's window."""
        return any(concept.window != (0.0, 1.0) for concept in self.concepts)
