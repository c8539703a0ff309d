"""Keep a concept out of what a text-to-image diffusion model draws, without touching its weights.

    from gie import Adapter, Concept, inhibit

    with inhibit(pipe, Concept("airplane", scale=-7.0)):
        images = pipe("an airplane over the sea").images

Names come when they are first used, so that `import gie` needs no torch and answers at once.
"""

import importlib
from typing import TYPE_CHECKING, Any

from gie.errors import GieError, InputError, OutsideError

if TYPE_CHECKING:
    from gie.adapter import Adapter
    from gie.concept import Concept
    from gie.inhibiting import inhibit

__all__ = ["Adapter", "Concept", "GieError", "InputError", "OutsideError", "inhibit"]

_HOMES = {"Adapter": "gie.adapter", "Concept": "gie.concept", "inhibit": "gie.inhibiting"}
_EXTRA = {"accelerate", "diffusers", "huggingface_hub", "jaxtyping", "safetensors", "torch", "transformers"}
"""What `gie-erase[diffusion]` brings."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'gie' has no attribute {name!r}")
    try:
        return getattr(importlib.import_module(_HOMES[name]), name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        message = f"gie.{name} needs {error.name}, which is not installed: pip install 'gie-erase[diffusion]'"
        raise ModuleNotFoundError(message, name=error.name) from error


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})  # completion knows what is loaded late
