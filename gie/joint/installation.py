"""Putting inhibited processors into the joint attention of a transformer, and what they need of each forward."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from gie.errors import InputError
from gie.injection import InhibitedProcessor
from gie.installation import Installation
from gie.joint.blocks import joint_blocks, way_through
from gie.joint.injection import JointInjection, Stream
from gie.joint.processor import processor_like
from gie.layers import plain_module


class JointInstallation(Installation):
    """In the joint attention of SD3 or FLUX. SD3.5's second attention, of the image alone, is left as it is."""

    def __init__(self, transformer: Any) -> None:
        self._transformer = plain_module(transformer)
        self._blocks = blocks = joint_blocks(self._transformer)
        self._stream = Stream(self._transformer)
        self._hook: Any = None
        injections = {
            name: JointInjection(way=way_through(block), stream=self._stream, last=name == list(blocks)[-1])
            for name, block in blocks.items()
        }
        super().__init__({name: block.attn for name, block in blocks.items()}, injections)

    def processor(self, name: str, layer: Any, injections: Sequence[Any]) -> InhibitedProcessor:
        """As `Installation.processor` says."""
        if layer.fused_projections:
            raise InputError(f"expected {name} with its own projections, got fused ones; unfuse them first")
        if self._blocks[name]._compiled_call_impl is not None:  # noqa: SLF001 - torch has no other way to ask
            raise InputError(
                f"expected {name} in a plain block, got a compiled one; no test covers compiled joint attention"
            )
        return processor_like(layer.processor, injections)

    def install(self) -> None:
        """Processors, and a hook that sees what every block of a forward is modulated with."""
        super().install()
        self._hook = self._transformer.time_text_embed.register_forward_hook(self._begin)

    def restore(self) -> None:
        """The inverse of `install`."""
        if self._hook is not None:
            self._hook.remove()
        self._stream.begin(None)
        super().restore()

    def _begin(self, _module: Any, _args: tuple[Any, ...], temb: Tensor) -> None:
        self._stream.begin(temb)
