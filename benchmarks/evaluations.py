"""Counts what a UNet is asked for: calls, and rows of its batches.

Counted at its first convolution, for what probes before the first step goes past the UNet's own hooks.
"""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from gie.layers import plain_module


@dataclass
class Evaluations:
    """So far."""

    calls: int = 0
    rows: int = 0


@contextmanager
def counting(unet: Any) -> Generator[Evaluations]:
    """Inside, every forward is counted, whoever calls it."""
    counted = Evaluations()

    def count(_module: Any, args: tuple[Any, ...]) -> None:
        counted.calls += 1
        counted.rows += len(args[0])

    hook = plain_module(unet).conv_in.register_forward_pre_hook(count)
    try:
        yield counted
    finally:
        hook.remove()
