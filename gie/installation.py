"""Putting inhibited processors into a UNet's cross-attention, and taking them out again.

An inner block's processors take the place of an outer block's and carry its injections on, so that nesting adds
inhibitors and leaving a block removes its own alone.
"""

from typing import Any

from gie.errors import GieError
from gie.injection import Injection
from gie.layers import cross_attentions
from gie.processor import InhibitedProcessor
from gie.support import refuse_unusual


class Installation:
    """One block's processors in one UNet."""

    def __init__(self, unet: Any) -> None:
        self._layers = cross_attentions(unet)
        self._originals: dict[str, Any] = {}
        self.injections = {name: Injection() for name in self._layers}

    def install(self) -> None:
        """Replace every cross-attention processor, or none.

        Raises:
            InputError: a layer or its processor computes something that would be lost.
        """
        processors: dict[str, InhibitedProcessor] = {}
        for name, layer in self._layers.items():
            refuse_unusual(name, layer)
            outer = layer.processor.injections if isinstance(layer.processor, InhibitedProcessor) else ()
            processors[name] = InhibitedProcessor(layer.processor, (*outer, self.injections[name]))
        for name, layer in self._layers.items():
            self._originals[name] = layer.processor
            layer.set_processor(processors[name])  # pyright: ignore[reportArgumentType]

    def restore(self) -> None:
        """Put back the very processors that `install` found."""
        for name, original in self._originals.items():
            self._layers[name].set_processor(original)

    def check(self) -> None:
        """Fail closed: every layer must still carry this block's injection.

        Raises:
            GieError: something replaced processors inside the block.
        """
        for name, layer in self._layers.items():
            processor = layer.processor
            if not isinstance(processor, InhibitedProcessor) or self.injections[name] not in processor.injections:
                raise GieError(
                    f"expected the inhibited processor in {name}, got {type(processor).__name__}: something "
                    "inside the block replaced it; change attention (slicing, IP-Adapter) outside the block"
                )

    def others(self) -> list[Injection]:
        """Injections of outer and inner blocks in the same layers."""
        own = set(map(id, self.injections.values()))
        processors: list[Any] = [layer.processor for layer in self._layers.values()]
        return [other for processor in processors for other in processor.injections if id(other) not in own]
