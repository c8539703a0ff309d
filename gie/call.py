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
    family: Family

    @property
    def sample(self) -> Tensor:
        """The noisy latents, a row for each conditional and unconditional image."""
        return self.named[self.family.arguments[0]]

    @property
    def timestep(self) -> float:
        """In the scheduler's unit. On a GPU, to read it is to wait for all work that was given before."""
        given = self.named["timestep"]
        first = float(given.flatten()[0] if isinstance(given, Tensor) else given)  # one for all, or one each
        return first * self.family.timestep_unit

    def with_sample(self, sample: Tensor) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments of the same call with other latents."""
        if self.args:
            return (sample, *self.args[1:]), self.kwargs
        return self.args, self.kwargs | {self.family.arguments[0]: sample}

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
    return Call(args, kwargs, dict(zip(family.arguments, args, strict=False)) | kwargs, family)
