"""Putting inhibited processors into a model's attention, and taking them out again.

An inner block's processors take the place of an outer block's and carry its injections on, so that nesting adds
inhibitors and leaving a block removes its own alone.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from gie.cross import CrossInjection
from gie.errors import GieError
from gie.injection import InhibitedProcessor, Injection
from gie.kept_prompt import KeptPrompt, most_slots
from gie.layers import cross_attentions
from gie.processor import CrossProcessor
from gie.support import refuse_unusual


class Installation:
    """One block's processors in one model; what kind they are is said by the class for its kind of attention."""

    def __init__(self, layers: Mapping[str, Any], injections: Mapping[str, Injection]) -> None:
        self._layers = layers
        self._originals: dict[str, Any] = {}
        self.injections = injections

    def processor(self, name: str, layer: Any, injections: Sequence[Any]) -> InhibitedProcessor:
        """An inhibited processor for the layer.

        Raises:
            InputError: the layer or its processor computes something that would be lost.
        """
        raise NotImplementedError

    def install(self) -> None:
        """Replace the processors of all layers, or of none.

        Raises:
            InputError: a layer or its processor computes something that would be lost.
        """
        processors: dict[str, InhibitedProcessor] = {}
        for name, layer in self._layers.items():
            outer = layer.processor.injections if isinstance(layer.processor, InhibitedProcessor) else ()
            processors[name] = self.processor(name, layer, (*outer, self.injections[name]))
        for name, layer in self._layers.items():
            self._originals[name] = layer.processor
            layer.set_processor(processors[name])

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


class CrossInstallation(Installation):
    """In the cross-attention of a UNet."""

    def __init__(self, unet: Any) -> None:
        layers = cross_attentions(unet)
        slots = most_slots(layers.values())
        super().__init__(layers, {name: CrossInjection(kept=KeptPrompt(slots)) for name in layers})

    def processor(self, name: str, layer: Any, injections: Sequence[Any]) -> InhibitedProcessor:
        """As `Installation.processor` says."""
        refuse_unusual(name, layer)
        return CrossProcessor(layer.processor, injections)
