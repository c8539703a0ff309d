"""How fast this machine works at a recipe: one of its batches, drawn in a few steps, and a look at what came of it.

The recipe's model is opened as the sweep opens it. Steps after the first take the same time each, whatever they draw; so a few of them
stand for all, and text encoders, probing, decoder and PNG are in it once, as in a real batch. The judge and the evaluator look at
these pictures. Nothing is read from the ledger or kept in it.
"""

import asyncio
import functools
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any, TypeVar

from gie.errors import InputError
from labeling.errors import LabelingError
from pipeline.drawing import observe, open_pipeline
from pipeline.eyes import open_eye
from pipeline.failures import explain
from pipeline.forecast import COMPUTING, Pace, count_prompts
from pipeline.judging import open_computing
from pipeline.opening import open_sweep
from pipeline.paths import Paths
from pipeline.png import open_picture
from pipeline.rehearsal import REST
from pipeline.render import Rendered, Shot, probe_features, render
from pipeline.settings import Recipe
from pipeline.tables import Prompt, SweepImage

FEW = 4
"""Denoising steps of the batch that is measured: the first is dearer than the others, and PNDM takes no fewer."""
ENOUGH_S = 4.0
"""What takes less is measured again and again for so long, and its median told."""
TRIES = 20
"""At most."""
T = TypeVar("T")


@dataclass(frozen=True)
class Stopwatch:
    """Tells the time once the device has done what it was given."""

    device: Any
    """torch's."""
    clock: Callable[[], float] = perf_counter

    def now(self) -> float:
        """Seconds since whenever."""
        if self.device.type != "cpu":
            import torch

            torch.accelerator.synchronize(self.device)
        return self.clock()

    def settle(self, once: Callable[[], float]) -> float:
        """The median of `once`, done at least once."""
        until = self.now() + ENOUGH_S
        tries = [once()]
        while self.now() < until and len(tries) < TRIES:
            tries.append(once())
        return median(tries)

    def time(self, work: Callable[[], Any]) -> float:
        """Seconds that some work takes, settled."""

        def once() -> float:
            began = self.now()
            work()
            return self.now() - began

        return self.settle(once)


def measure(recipe: Recipe, paths: Paths, *, clock: Callable[[], float] = perf_counter) -> Pace:
    """The pace of the recipe on its device.

    Raises:
        InputError, OutsideError: the recipe's model cannot be opened.
    """
    began = clock()
    pipe = open_pipeline(recipe, paths)
    observe(recipe, pipe)
    watch = Stopwatch(pipe.device, clock)
    opening_s = watch.now() - began
    shots = _stand_ins(recipe)
    render(pipe, _in_few_steps(recipe), shots if recipe.model.compile else shots[:1])  # a first time is slower
    drawn: list[Rendered] = []
    batch_s = watch.settle(lambda: _draw(watch, pipe, recipe, shots, drawn))
    probe_s = watch.time(lambda: probe_features(pipe, recipe, shots))
    unmeasured: dict[str, str] = {}
    return Pace(
        opening_s=opening_s,
        picture_s=batch_s / len(shots),
        probe_s=probe_s / len(shots),
        judged_s=_noting(unmeasured, "the judge", lambda: _judge(watch, recipe, paths, drawn)),
        seen_s=_noting(unmeasured, "the evaluator", lambda: _look(watch, recipe, paths, drawn)),
        where=f"{_name(pipe)} in {str(pipe.dtype).removeprefix('torch.')}, on a batch of {len(shots)}",
        unmeasured=unmeasured,
    )


def extrapolate(began: float, marks: Sequence[float], ended: float, *, steps: int) -> float:
    """Seconds of a generation of `steps` steps, from one of fewer.

    Args:
        began: when it was called.
        marks: when each of its steps was done; as many as `steps`, or at least two.
        ended: when its pictures were there.
        steps: of the generation that is asked about.
    """
    missing = steps - len(marks)
    return ended - began + (missing * (marks[-1] - marks[0]) / (len(marks) - 1) if missing else 0.0)


def _draw(watch: Stopwatch, pipe: Any, recipe: Recipe, shots: Sequence[Shot], drawn: list[Rendered]) -> float:
    """Seconds of a whole batch; its pictures go into the list."""
    with _marking(pipe, watch) as marks:
        began = watch.now()
        drawn[:] = render(pipe, _in_few_steps(recipe), shots)
        ended = watch.now()
    # not of every scheduler is a step one of the recipe's
    pipe.scheduler.set_timesteps(recipe.sweep.steps)
    return extrapolate(began, marks, ended, steps=len(pipe.scheduler.timesteps))


@contextmanager
def _marking(pipe: Any, watch: Stopwatch) -> Generator[list[float]]:
    """When the pipeline's scheduler has done each step; its signature is kept, for pipelines inspect it."""
    marks: list[float] = []
    original = pipe.scheduler.step

    @functools.wraps(original)
    def step(*args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        marks.append(watch.now())
        return result

    pipe.scheduler.step = step
    try:
        yield marks
    finally:
        del pipe.scheduler.step


def _judge(watch: Stopwatch, recipe: Recipe, paths: Paths, drawn: Sequence[Rendered]) -> float | None:
    """Seconds a picture; the judge sees whole sweeps, opened anew each time."""
    if recipe.label.judge not in COMPUTING:
        return None
    at_all = recipe.label.model_copy(update={"strategy": None})
    judge = open_computing(at_all, paths, device=recipe.model.device)
    ladder, prompt = recipe.sweep.ladder, _stand_in(recipe, 0)
    pictures = [SweepImage(prompt.prompt_id, scale, drawn[n % len(drawn)].image) for n, scale in enumerate(ladder)]

    def look() -> None:
        asyncio.run(_asked(judge.judge(open_sweep(recipe, prompt, pictures))))

    look()  # it reads its words once
    return watch.time(look) / len(ladder)


async def _asked(question: Any) -> None:
    await question


def _look(watch: Stopwatch, recipe: Recipe, paths: Paths, drawn: Sequence[Rendered]) -> float | None:
    """Seconds a picture of the evaluator's."""
    if not count_prompts(recipe, "test"):
        return None
    eye = open_eye(recipe, paths)
    prompts = [_stand_in(recipe, 0)] * len(drawn)

    def look() -> None:
        eye.look(prompts, [open_picture(one.image) for one in drawn])

    look()
    return watch.time(look) / len(drawn)


def _noting(unmeasured: dict[str, str], who: str, measured: Callable[[], T]) -> T | None:
    """What is measured; None, and the reason noted, where somebody is not there yet: the rest is known all the same."""
    try:
        return measured()
    except (InputError, LabelingError, ModuleNotFoundError) as error:
        failure = explain(error)
        if failure is None:
            raise
        unmeasured[who] = failure.line
        return None


def _in_few_steps(recipe: Recipe) -> Recipe:
    sweep = recipe.sweep
    return recipe.model_copy(update={"sweep": sweep.model_copy(update={"steps": min(FEW, sweep.steps)})})


def _stand_ins(recipe: Recipe) -> list[Shot]:
    """One batch of the sweep, as large as it has pictures for."""
    ladder = recipe.sweep.ladder
    size = min(recipe.sweep.batch_size, count_prompts(recipe) * len(ladder))
    return [Shot(_stand_in(recipe, n // len(ladder)), ladder[n % len(ladder)]) for n in range(size)]


def _stand_in(recipe: Recipe, number: int) -> Prompt:
    """In the place of a prompt that is still to be written; pipelines pad every text to one length."""
    return Prompt(
        prompt_id=f"{number:016x}", prompt=recipe.concept, concept=recipe.concept, word="", kind="explicit", wording="", rest=REST,
        other="", style="", background="", seed=number, split="test",
    )  # fmt: skip


def _name(pipe: Any) -> str:
    """Of the device, with what its speed depends on."""
    import torch

    if pipe.device.type == "cuda":
        return torch.cuda.get_device_name(pipe.device)
    return f"{pipe.device.type} ({torch.get_num_threads()} threads)"
