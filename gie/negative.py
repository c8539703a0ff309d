"""Which calls of the denoiser are for a negative prompt alone, where a pipeline makes those apart.

FLUX is distilled to need no guidance; with `true_cfg_scale` its pipelines call the transformer a second time in each step, for the
negative prompt, with the very same latents. Such a call is neither inhibited nor a step.
"""

from typing import Any

from torch import Tensor

from gie.call import Call
from gie.errors import GieError


class NegativeCalls:
    """Tells a step's second call from its first."""

    def __init__(self) -> None:
        self._latents: Tensor | None = None
        self._step: Any = None
        self.running = False
        """Whether the call that was looked at last is for the negative prompt."""

    def look(self, call: Call, step: Any) -> None:
        """A call begins, in the scheduler's `step`, which is another one after each of the scheduler's steps.

        Raises:
            GieError: a third call in one step.
        """
        again = call.sample is self._latents and step == self._step
        if again and self.running:
            raise GieError(
                "expected one call of the transformer for the prompt and one for the negative prompt a step, got more"
            )
        self._latents, self._step, self.running = call.sample, step, again
