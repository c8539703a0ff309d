"""What inhibition costs in time and memory beside the plain pipeline: `python -m benchmarks.overhead`.

One denoising step (the UNet with guidance, and the scheduler) and whole generations, plain, with one concept and with three,
in turn, at the real sizes of Stable Diffusion 1.5 and XL; with `--device cuda` also in channels_last and compiled. Ends with 1
when a bar is missed. A generation is held to its bar at 50 steps; shorter ones are told, for concepts are encoded once in each.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, get_args

import torch
from torch._dynamo import config as dynamo_config

from benchmarks.costs import HEADS, Cost, Form, Subject, memory_costs, peaks_on_cpu, peaks_on_gpu, time_costs
from benchmarks.generations import Case, Variant, open_random
from benchmarks.measuring import arguments, say, write

VARIANTS: tuple[Variant, ...] = ("plain", "1 concept", "3 concepts")
TIME_BARS: dict[Variant, float] = {"1 concept": 1.03, "3 concepts": 1.08}
MEMORY_BAR = 1.03
HELD = ("step", "generation of 50")
"""What is held to the bars of time."""
CASES = {
    "cpu": [
        "sd15:512:1:3",
        "sd15:128:4:3",
        "sd15:64:1:4",
        "sd15:64:1:25",
        "sd15:64:1:50",
        "sdxl:512:1:3",
        "sdxl:128:4:3",
    ],
    "cuda": [f"{model}:{batch}:{n}" for model in ("sd15:512", "sdxl:1024") for batch in (1, 4) for n in (4, 25, 50)],
}
"""On a CPU as large as one core can do in 20 minutes: XL at half its side, batches and long generations on small latents."""
DTYPES = {"cpu": ["bfloat16"], "cuda": ["float16", "bfloat16"]}
FORMS: dict[str, Sequence[Form]] = {"cpu": ["eager"], "cuda": get_args(Form)}
VERSIONS_OF_A_BLOCK = 128
"""How often torch.compile may compile one function before it gives up: plain and inhibited blocks of each width, alone and in batches."""


def bar_of(variant: Variant, what: str) -> float | None:
    """The most that a variant may cost."""
    if what == "peak memory":
        return MEMORY_BAR if variant == "1 concept" else None
    return TIME_BARS[variant] if what in HELD else None


def take_form(pipe: Any, form: Form) -> None:
    """Each form adds to the one before."""
    if form == "channels_last":
        pipe.unet.to(memory_format=torch.channels_last)
    if form == "compiled":
        dynamo_config.recompile_limit = VERSIONS_OF_A_BLOCK
        pipe.unet.compile_repeated_blocks()


@dataclass(frozen=True)
class Bench:
    """Where and how often it is measured."""

    device: torch.device
    dtype: torch.dtype
    rounds: int

    def measure(self, cases: Sequence[Case], forms: Sequence[Form]) -> Iterator[Cost]:
        """All costs of some cases of one model."""
        on_cpu = self.device.type == "cpu"
        if on_cpu:  # first, while there is no other model in memory
            for case in one_a_size(cases):
                subject = Subject(case, self.device, self.dtype)
                yield from memory_costs(peaks_on_cpu(subject, VARIANTS), subject, bars=bar_of)
        pipe = open_random(cases[0].model, device=self.device, dtype=self.dtype)
        for form in forms:
            take_form(pipe, form)
            for case in cases:
                subject = Subject(case, self.device, self.dtype, form)
                yield from time_costs(pipe, subject, VARIANTS, rounds=self.rounds, bars=bar_of)
            for case in () if on_cpu else one_a_size(cases):
                subject = Subject(case, self.device, self.dtype, form)
                yield from memory_costs(peaks_on_gpu(pipe, case, VARIANTS), subject, bars=bar_of)


def one_a_size(cases: Sequence[Case]) -> list[Case]:
    """Memory's peak is the same for any number of steps."""
    return list({(case.size_px, case.batch): case for case in cases}.values())


def main(told: Sequence[str] | None = None) -> int:
    """Print and write the figures, case after case; 1 when a bar is missed."""
    parser = arguments(__doc__, "overhead")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--cases", nargs="+", help="MODEL:PIXELS:BATCH:STEPS; by default those for the device")
    parser.add_argument("--dtypes", nargs="+", help="by default bfloat16 on a CPU, float16 and bfloat16 on CUDA")
    parser.add_argument("--forms", nargs="+", choices=get_args(Form), help="each adds to the one before")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args(told)
    torch.set_num_threads(asked.threads)
    device = torch.device(asked.device)
    kind = device.type
    cases = [Case.read(text) for text in asked.cases or CASES[kind]]
    costs: list[Cost] = []
    for dtype in asked.dtypes or DTYPES[kind]:
        bench = Bench(device, getattr(torch, dtype), asked.rounds)
        for _, some in groupby(cases, key=lambda case: case.model):
            for cost in bench.measure(list(some), asked.forms or FORMS[kind]):
                costs.append(cost)
                write(costs, asked.out)
    say("Inhibited beside plain", HEADS, [cost.cells() for cost in costs])
    return int(any(cost.missed for cost in costs))


if __name__ == "__main__":
    sys.exit(main())
