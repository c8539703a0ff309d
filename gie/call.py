"""What a call of the denoiser says, however its arguments were handed over."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from gie.families import Family


@dataclass(frozen=True)
class Call:
    """One call."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    named: dict[str, Any]
    """The arguments by name, as far as the family names them."""
    sample: Tensor
    """The noisy latents, a row for each conditional and unconditional image."""
    timestep: float
    """In the scheduler's unit."""

    @property
    def context(self) -> int:
        """How many token slots the prompt has."""
        return self.named["encoder_hidden_states"].shape[1]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the latents; FLUX hands them over as a row of 2 x 2 patches, and their places beside it."""
        places = self.named.get("img_ids")
        if places is None:
            return self.sample.shape[-2], self.sample.shape[-1]
        _, height, width = (places.amax(dim=0) + 1).int().tolist()
        return 2 * height, 2 * width


def read_call(args: tuple[Any, ...], kwargs: dict[str, Any], family: Family) -> Call:
    """The call that has these arguments."""
    named = dict(zip(family.arguments, args, strict=False)) | kwargs
    timestep = named["timestep"]
    first = float(timestep.flatten()[0] if isinstance(timestep, Tensor) else timestep)  # one for all, or one each
    return Call(args, kwargs, named, named[family.arguments[0]], first * family.timestep_unit)
