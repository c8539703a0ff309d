"""What the benchmarks share: clocks, works done in turn, ratios with their quartiles, and where the figures go.

Other work on the machine slows whatever runs beside it. So what is compared is done in turn (A B C A B C ...), each is held
against the plain one of its own turn, and the median of those ratios is told with its quartiles. On a CPU a bar is held against
the processor's time, which other people's work lengthens little; on CUDA against the device's own clock.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, TypeVar

import torch

K = TypeVar("K")
T = TypeVar("T")


@dataclass(frozen=True)
class Took:
    """How long something took."""

    seconds: float
    """On the wall's clock, or on CUDA the device's."""
    cpu_s: float
    """Of this process, all its threads together."""

    def __add__(self, other: "Took") -> "Took":
        return Took(self.seconds + other.seconds, self.cpu_s + other.cpu_s)


class Stopwatch:
    """Marks moments; on CUDA by events in the stream, so that no mark waits for the device."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._moments: list[Any] = []
        self._cpu: list[float] = []

    def mark(self) -> None:
        """Remember this moment."""
        if self._device.type == "cuda":
            event = torch.cuda.Event(enable_timing=True)
            event.record(torch.cuda.current_stream(self._device))
            self._moments.append(event)
        else:
            self._moments.append(perf_counter())
        self._cpu.append(process_time())

    def spans(self) -> list[Took]:
        """What lay between the marks, one fewer than there are; waits for the device."""
        synchronize(self._device)
        pairs = zip(self._moments, self._moments[1:], self._cpu, self._cpu[1:], strict=False)
        return [Took(self._between(a, b), cpu_b - cpu_a) for a, b, cpu_a, cpu_b in pairs]

    def _between(self, start: Any, stop: Any) -> float:
        return start.elapsed_time(stop) / 1000 if self._device.type == "cuda" else stop - start


@dataclass(frozen=True)
class Spread:
    """Some values: how many, their median and its quartiles."""

    n: int
    low: float
    median: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.3f} [{self.low:.3f}, {self.high:.3f}] n={self.n}"


def spread(values: Sequence[float]) -> Spread:
    """Of at least one value."""
    if len(values) == 1:
        return Spread(1, values[0], values[0], values[0])
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(len(values), low, median, high)


def ratios(values: Sequence[float], plain: Sequence[float]) -> Spread:
    """Each of `values` to the plain one of its own turn."""
    return spread([value / other for value, other in zip(values, plain, strict=True)])


def in_turn(works: Mapping[K, Callable[[], T]], rounds: int) -> dict[K, list[T]]:
    """What each work gives, round after round."""
    given: dict[K, list[T]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            given[name].append(work())
    return given


def timed(work: Callable[[], object], device: torch.device) -> Took:
    """How long one call takes."""
    watch = Stopwatch(device)
    synchronize(device)
    watch.mark()
    work()
    watch.mark()
    return watch.spans()[0]


def synchronize(device: torch.device) -> None:
    """Wait until the device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def arguments(about: str | None, name: str) -> argparse.ArgumentParser:
    """What every benchmark can be told; `about` is its docstring."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(f"build/bench/{name}.json"), help="where the figures go")
    parser.add_argument("--threads", type=int, default=1, help="of torch, on the CPU")
    return parser


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Columns as wide as what stands in them, the first to the left."""
    cells = [list(heads), *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    lines = [
        "  ".join(cell.rjust(width) if column else cell.ljust(width) for column, (cell, width) in enumerate(placed))
        for placed in (list(zip(row, widths, strict=True)) for row in cells)
    ]
    return "\n".join(lines) + "\n"


def verdict(value: float, bar: float | None) -> str:
    """Whether a ratio that wants to be small is."""
    return "" if bar is None else f"<= {bar:g}: {'yes' if value <= bar else 'NO'}"


def write(figures: Sequence[Any], out: Path) -> None:
    """The records as JSON."""
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps([asdict(figure) for figure in figures], indent=2) + "\n", encoding="utf-8")


def say(title: str, heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table under its title."""
    sys.stdout.write(f"{title}\n{table(heads, rows)}\n")
    sys.stdout.flush()
