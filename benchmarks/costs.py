"""Two ways of generating held against each other: time step by step and whole, and peak memory.

Times are taken in turn. Memory on a CPU is the resident set's high-water mark, which a process cannot set back: each way gets a
process of its own, `python -m benchmarks.costs CASE DTYPE VARIANT`.
"""

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal, cast

import torch

from benchmarks.generations import Case, Generation, Variant, generate, open_random, peak_bytes
from benchmarks.measuring import Spread, Took, in_turn, ratios, spread, verdict

Form = Literal["eager", "channels_last", "compiled"]
HEADS = ("", "setting", "what", "variant", "of", "of's s or GiB", "ratio [quartiles]", "by the wall's clock", "bar")
WARM_UP_STEPS = 2
"""The first step projects, the second only reads: nothing comes later that has not been there."""
PEAK_STEPS = 2
GIB = 2**30


@dataclass(frozen=True)
class Subject:
    """What is measured, and how it runs."""

    case: Case
    device: torch.device
    dtype: torch.dtype
    form: Form = "eager"

    def __str__(self) -> str:
        return f"{self.device.type} {str(self.dtype).removeprefix('torch.')} {self.form}"


@dataclass(frozen=True)
class Cost:
    """What one variant costs beside another."""

    model: str
    size_px: int
    batch: int
    setting: str
    """Device, type of numbers, and form."""
    what: str
    """step, generation of N, or peak memory."""
    variant: Variant
    base: Variant
    """What it is held against."""
    base_value: float
    """Median seconds of the base, or GiB."""
    ratio: Spread
    """By the clock that the bar is for: a CPU's own seconds, a GPU's; or of memory."""
    wall: Spread | None
    """The times' ratio by the wall's clock; None for memory."""
    bar: float | None

    @property
    def missed(self) -> bool:
        """Whether there is a bar and the median is above it."""
        return self.bar is not None and self.ratio.median > self.bar

    def cells(self) -> list[object]:
        """One row of the table."""
        place = [f"{self.model} {self.size_px} px x{self.batch}", self.setting, self.what, self.variant, self.base]
        return [*place, f"{self.base_value:.3f}", self.ratio, self.wall or "", verdict(self.ratio.median, self.bar)]


Bars = Callable[[Variant, str], float | None]
"""The bar of a variant's `step`, `generation of N` or `peak memory`, if there is one."""


Taken = Mapping[Variant, Sequence[Took]]


def time_costs(pipe: Any, subject: Subject, variants: Sequence[Variant], *, rounds: int, bars: Bars) -> list[Cost]:
    """Steps and generations of every variant but the first, held against the first."""
    case = subject.case
    for variant in variants:
        generate(pipe, replace(case, steps=WARM_UP_STEPS), variant)
    works: dict[Variant, Callable[[], Generation]] = {
        variant: partial(generate, pipe, case, variant) for variant in variants
    }
    given = in_turn(works, rounds)
    wholes: Taken = {name: [generation.whole for generation in some] for name, some in given.items()}
    steps: Taken = {name: [step for generation in some for step in generation.later] for name, some in given.items()}
    measured = {"step": steps, f"generation of {case.steps}": wholes}
    return [
        _time_cost(subject, what, variant, taken, bars(variant, what))
        for what, taken in measured.items()
        for variant in variants[1:]
    ]


def memory_costs(peaks: Mapping[Variant, int], subject: Subject, *, bars: Bars) -> list[Cost]:
    """The peak of every variant but the first, held against the first's."""
    base, *others = peaks
    case, what = subject.case, "peak memory"
    return [
        Cost(
            case.model, case.size_px, case.batch, str(subject), what, variant, base,
            base_value=peaks[base] / GIB, ratio=spread([peaks[variant] / peaks[base]]), wall=None, bar=bars(variant, what),
        )
        for variant in others
    ]  # fmt: skip


def peaks_on_gpu(pipe: Any, case: Case, variants: Sequence[Variant]) -> dict[Variant, int]:
    """Bytes by the allocator's own count."""
    case = replace(case, steps=PEAK_STEPS)
    return {variant: peak_bytes(pipe, case, variant) for variant in variants}


def peaks_on_cpu(subject: Subject, variants: Sequence[Variant]) -> dict[Variant, int]:
    """Bytes, each from a process of its own."""
    case, dtype = subject.case, str(subject.dtype).removeprefix("torch.")
    text = f"{case.model}:{case.size_px}:{case.batch}:{PEAK_STEPS}"
    command = [sys.executable, "-m", "benchmarks.costs", text, dtype]
    return {
        variant: int(subprocess.run([*command, variant], check=True, capture_output=True, text=True).stdout)
        for variant in variants
    }


def _time_cost(subject: Subject, what: str, variant: Variant, taken: Taken, bar: float | None) -> Cost:
    case, base = subject.case, next(iter(taken))
    wall = ratios([took.seconds for took in taken[variant]], [took.seconds for took in taken[base]])
    own = ratios([took.cpu_s for took in taken[variant]], [took.cpu_s for took in taken[base]])
    on_gpu = subject.device.type == "cuda"
    return Cost(
        case.model, case.size_px, case.batch, str(subject), what, variant, base,
        base_value=spread([took.seconds if on_gpu else took.cpu_s for took in taken[base]]).median,
        ratio=wall if on_gpu else own, wall=wall, bar=bar,
    )  # fmt: skip


def main(text: str, dtype: str, variant: str) -> None:
    """Print the peak of one generation on the CPU."""
    torch.set_num_threads(1)
    case = Case.read(text)
    pipe = open_random(case.model, device=torch.device("cpu"), dtype=getattr(torch, dtype))
    sys.stdout.write(f"{peak_bytes(pipe, case, cast('Variant', variant))}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
