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
        self._now: tuple[Tensor | None, Any] = (None, None)
        self._answered: tuple[Tensor | None, Any] = (None, None)
        """Latents and step of the prompt's last call that was answered: one that failed may be made again."""
        self.running = False
        """Whether the call that was looked at last is for the negative prompt."""

    def look(self, call: Call, step: Any) -> None:
        """A call begins, in the scheduler's `step`, which is another one after each of the scheduler's steps.

        Raises:
            GieError: a third call in one step.
        """
        latents, answered_step = self._answered
        again = call.sample is latents and step == answered_step
        if again and self.running:
            raise GieError(
                "expected one call of the transformer for the prompt and one for the negative prompt a step, got more"
            )
        self._now, self.running = (call.sample, step), again

    def end(self) -> None:
        """The call was answered."""
        self._answered = self._now
