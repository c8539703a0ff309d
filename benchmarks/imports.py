"""How long starting takes: `python -m benchmarks.imports`.

Each start is a process of its own, in turn with the one it is held against. Ends with 1 when `gie --help` takes half a second or
more, or `import gie`, or importing what the method needs, more than 1.05 times diffusers' part of it.
"""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch

from benchmarks.measuring import Spread, arguments, in_turn, ratios, say, spread, timed, write

HELP_S = 0.5
MOST = 1.05
STARTS = {
    "gie --help": "from gie_stages import main; import sys; sys.argv = ['gie', '--help']; main()",
    "import diffusers": "import diffusers",
    "import gie": "import gie",
    "from diffusers import StableDiffusionPipeline": "from diffusers import StableDiffusionPipeline",
    "the same and from gie import inhibit, Adapter": (
        "from diffusers import StableDiffusionPipeline; from gie import inhibit, Adapter"
    ),
}
AGAINST = {
    "import gie": "import diffusers",
    "the same and from gie import inhibit, Adapter": "from diffusers import StableDiffusionPipeline",
}


@dataclass(frozen=True)
class Start:
    """One program's start."""

    name: str
    seconds: Spread
    ratio: Spread | None
    """To what it is held against, of the same turn."""

    @property
    def missed(self) -> bool:
        """Whether it is above its bar."""
        if self.name == "gie --help":
            return self.seconds.median >= HELP_S
        return self.ratio is not None and self.ratio.median > MOST

    def cells(self) -> list[object]:
        """One row of the table."""
        return [self.name, self.seconds, AGAINST.get(self.name, ""), self.ratio or "", "NO" if self.missed else ""]


def measure(rounds: int, names: Sequence[str]) -> list[Start]:
    """Every start, in turn."""
    works = {name: partial(_start, STARTS[name]) for name in names}
    for work in works.values():  # what is read from the disk is in memory afterwards
        work()
    taken = in_turn({name: partial(_seconds, work) for name, work in works.items()}, rounds)
    return [
        Start(name, spread(taken[name]), ratios(taken[name], taken[AGAINST[name]]) if name in AGAINST else None)
        for name in names
    ]


def _start(program: str) -> None:
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


def _seconds(work: "partial[None]") -> float:
    return timed(work, torch.device("cpu")).seconds


def main(told: Sequence[str] | None = None) -> int:
    """Print and write the figures; 1 when a bar is missed."""
    parser = arguments(__doc__, "imports")
    parser.add_argument("--rounds", type=int, default=15)
    asked = parser.parse_args(told)
    starts = measure(asked.rounds, tuple(STARTS))
    write(starts, asked.out)
    say(
        "Starting",
        ("", "seconds [quartiles]", "held against", "ratio [quartiles]", "missed"),
        [s.cells() for s in starts],
    )
    return int(any(start.missed for start in starts))


if __name__ == "__main__":
    sys.exit(main())
