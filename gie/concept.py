"""What is to be erased, how strongly, and when."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import get_args

from gie.adapter import Adapter
from gie.errors import InputError
from gie.slots import Slots, Values


@dataclass(frozen=True)
class Concept:
    """A concept's text and the scale it is injected with."""

    text: str
    """Encoded on its own; not empty, and no longer than the text encoder's context."""
    scale: float | Sequence[float] | Adapter = field(kw_only=True)
    """w, a factor: 0 is the plain model, negative erases, +1 is the paper's probe. A sequence gives each image its own
    (prompt-major with `num_images_per_prompt`); an adapter infers it from the first step."""
    slots: Slots = field(default="concept", kw_only=True)
    """Which token slots are injected."""
    values: Values = field(default="concept", kw_only=True)
    """What is injected of them: their values whole, or without those of the empty text."""
    window: tuple[float, float] = field(default=(0.0, 1.0), kw_only=True)
    """Which part of the way from noise (0) to picture (1), by timestep, is inhibited: steps outside of it are plain."""

    def __post_init__(self) -> None:
        """Refuse what can never be injected.

        Raises:
            InputError: empty text, unknown slots or values, a window that is none, or a scale that is no finite number.
        """
        if not self.text.strip():
            raise InputError(f"expected the text of a concept, got {self.text!r}; name what is to be erased")
        if self.slots not in get_args(Slots):
            raise InputError(f"expected slots to be one of {', '.join(get_args(Slots))}, got {self.slots!r}")
        if self.values not in get_args(Values):
            raise InputError(f"expected values to be one of {', '.join(get_args(Values))}, got {self.values!r}")
        start, stop = self.window
        if not 0 <= start < stop <= 1:
            raise InputError(f"expected a window from 0 to 1, start before stop, got {self.window}")
        if not isinstance(self.scale, Adapter):
            _refuse_scales(self.scale)


def as_concept(concept: Concept | Adapter) -> Concept:
    """An adapter stands for its own concept, with scales that it infers itself."""
    if isinstance(concept, Adapter):
        config = concept.config
        return Concept(config.concept, scale=concept, slots=config.slots, values=config.values, window=config.window)
    return concept


def _refuse_scales(scale: float | Sequence[float]) -> None:
    scales = scale if isinstance(scale, Sequence) else [scale]
    if not scales or not all(math.isfinite(value) for value in scales):
        raise InputError(f"expected a finite scale, or one for each image, got {scale!r}; 0 is the plain model")
