"""How much faster and smaller it is not to make the attention maps: `python -m benchmarks.reference`.

The other one writes Eq. 5 to 8 out: every map is made, re-weighted and inserted (`tests/support/literal.py`). First one layer of
each size of Stable Diffusion 1.5 and XL alone, both on the same tensors, memory counted by torch; then whole generations at
Stable Diffusion 1.5's size, of which the rest of the UNet takes most.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

from benchmarks.costs import HEADS, Subject, memory_costs, peaks_on_cpu, time_costs
from benchmarks.generations import CONTEXT, Case, Variant, open_random
from benchmarks.measuring import Spread, arguments, in_turn, ratios, say, spread, timed, write
from gie.inhibitor import inhibitor, weigh
from tests.support.literal import literal_attention

OWN = slice(1, 2)
SCALE = -7.0
DEVICE = torch.device("cpu")
VARIANTS: tuple[Variant, ...] = ("1 concept", "literal")
MIB = 2**20


@dataclass(frozen=True)
class Shape:
    """One cross-attention layer."""

    name: str
    heads: int
    pixels: int
    d: int


SHAPES = (
    Shape("sd15 512 px, the outermost", 8, 64 * 64, 40),
    Shape("sd15 512 px, the middle", 8, 8 * 8, 160),
    Shape("sdxl 1024 px, the outermost", 10, 64 * 64, 64),
    Shape("sdxl 1024 px, the inner", 20, 32 * 32, 64),
)


@dataclass(frozen=True)
class Layer:
    """One layer, both ways; one concept of one token."""

    name: str
    images: int
    seconds: float
    """Median, without maps."""
    slower: Spread
    """The literal one to that, of the same turn, by the processor's time."""
    mib: float
    """The most that is allocated beyond the inputs, without maps."""
    larger: float
    """The literal one's to that."""
    largest_difference: float

    def cells(self) -> list[object]:
        """One row of the table."""
        memory = [f"{self.mib:.2f}", f"{self.larger:.1f}", f"{self.largest_difference:.1e}"]
        return [f"{self.name} x{self.images}", f"{self.seconds * 1000:.2f}", self.slower, *memory]


LAYER_HEADS = ("layer", "ms", "literal is slower [quartiles]", "MiB", "literal is larger", "largest difference")


class Both:
    """The same attention both ways, on the same random tensors."""

    def __init__(self, shape: Shape, images: int) -> None:
        torch.manual_seed(0)
        sizes = (shape.pixels, CONTEXT, CONTEXT)
        self.Q, self.K, self.V = (torch.randn(images, shape.heads, size, shape.d) for size in sizes)
        self.K_star, self.V_star = (torch.randn(1, shape.heads, CONTEXT, shape.d) for _ in range(2))
        self.W = torch.zeros(images, CONTEXT)
        self.W[:, OWN] = SCALE
        self.weighted = weigh(self.V_star, self.W)  # once a generation

    def without_maps(self) -> Tensor:
        """As `gie.injection` does."""
        out = F.scaled_dot_product_attention(self.Q, self.K, self.V)
        return out.add_(inhibitor(self.Q, self.K_star, self.weighted))

    def literal(self) -> Tensor:
        """Eq. 5 to 8, all images at once as so many heads more."""
        images = len(self.Q)
        concept = (self.K_star.repeat(images, 1, 1, 1).flatten(0, 1), self.V_star.repeat(images, 1, 1, 1).flatten(0, 1))
        Q, K, V = (states.flatten(0, 1) for states in (self.Q, self.K, self.V))
        out = literal_attention(Q, K, V, [(*concept, self.W[0])], eot=2)
        return out.unflatten(0, (images, -1))


def measure_layer(shape: Shape, images: int, *, rounds: int) -> Layer:
    """Time and memory of both."""
    both = Both(shape, images)
    difference = (both.without_maps() - both.literal()).abs().max()
    works = {"without": both.without_maps, "literal": both.literal}
    taken = in_turn({name: lambda work=work: timed(work, DEVICE).cpu_s for name, work in works.items()}, rounds)
    peaks = [peak_allocated(work) for work in works.values()]
    return Layer(
        shape.name, images, spread(taken["without"]).median, ratios(taken["literal"], taken["without"]),
        mib=peaks[0] / MIB, larger=peaks[1] / peaks[0], largest_difference=float(difference),
    )  # fmt: skip


def peak_allocated(work: Callable[[], object]) -> int:
    """Bytes that torch held at most on the CPU beyond what was there before."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as watched:
        work()
    record: Any = watched.profiler
    events = [event for event in record.kineto_results.events() if event.name() == "[memory]"]
    events.sort(key=lambda event: event.start_ns())
    return max(accumulate(event.nbytes() for event in events))


def no_bars(_variant: Variant, _what: str) -> None:
    """The more the better."""


def main(told: Sequence[str] | None = None) -> int:
    """Print and write the figures."""
    parser = arguments(__doc__, "reference")
    parser.add_argument("--case", default="sd15:256:1:3", help="MODEL:PIXELS:BATCH:STEPS of the whole generations")
    parser.add_argument("--rounds", type=int, default=3, help="of the generations; the layers take ten times as many")
    asked = parser.parse_args(told)
    torch.set_num_threads(asked.threads)
    layers = [measure_layer(shape, images, rounds=10 * asked.rounds) for shape in SHAPES for images in (1, 4)]
    say("One layer, literal beside without maps", LAYER_HEADS, [layer.cells() for layer in layers])
    # fp32, for the literal one is written for it
    subject = Subject(Case.read(asked.case), DEVICE, torch.float32)
    costs = memory_costs(peaks_on_cpu(subject, VARIANTS), subject, bars=no_bars)
    pipe = open_random(subject.case.model, device=DEVICE, dtype=subject.dtype)
    costs += time_costs(pipe, subject, VARIANTS, rounds=asked.rounds, bars=no_bars)
    write([*layers, *costs], asked.out)
    say("Generations, literal beside without maps", HEADS, [cost.cells() for cost in costs])
    return 0


if __name__ == "__main__":
    sys.exit(main())
