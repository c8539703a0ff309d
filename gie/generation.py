"""When a generation begins: at the scheduler's `set_timesteps`.

Timesteps alone cannot tell: PNDM and Heun repeat them, and two runs of one step look the same. The scheduler's method
is wrapped on the instance, with its signature kept (pipelines inspect it), and put back as it was.
"""

import functools
from collections.abc import Callable
from typing import Any


class GenerationWatch:
    """Calls `began` whenever the pipeline's scheduler is set to a new run."""

    def __init__(self, pipe: Any, began: Callable[[], None]) -> None:
        self._pipe = pipe
        self._began = began
        self._scheduler: Any = None
        self._before: Any = None

    def install(self) -> None:
        """Wrap `set_timesteps` of the pipeline's present scheduler."""
        self._scheduler = scheduler = self._pipe.scheduler
        self._before = vars(scheduler).get("set_timesteps")  # an outer block's wrapper, if there is one
        original = scheduler.set_timesteps

        @functools.wraps(original)
        def set_timesteps(*args: Any, **kwargs: Any) -> Any:
            result = original(*args, **kwargs)
            self._began()
            return result

        scheduler.set_timesteps = set_timesteps

    def restore(self) -> None:
        """The inverse of `install`, on the scheduler that was wrapped."""
        if self._before is None:
            del self._scheduler.set_timesteps
        else:
            self._scheduler.set_timesteps = self._before

    def follow(self) -> None:
        """Move to a scheduler that was put in place since; it was set unseen, so its run begins now."""
        if self._pipe.scheduler is not self._scheduler:
            self.restore()
            self.install()
            self._began()
