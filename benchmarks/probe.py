"""What inferring a scale asks for beside the generation: `python -m benchmarks.probe`.

UNet evaluations of every way to probe, counted in rows (a step under guidance has two an image), and the adapter's own time as a
share of a generation on the bundled model, the smallest there is. Ends with 1 when a way asks for more than it should, or the
adapter takes a hundredth of the generation or more.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import torch

from benchmarks.evaluations import counting
from benchmarks.measuring import Spread, arguments, in_turn, ratios, say, spread, timed, write
from gie.adapter import Adapter
from gie.adapter_config import AdapterConfig, ScaleRange
from gie.block import FirstStep
from gie.inhibiting import inhibit
from pipeline.conditions import Conditions
from pipeline.drawing import generators, observe, open_pipeline, sampling
from pipeline.paths import Paths
from pipeline.settings import read_recipe
from training.presets import DEFAULT

MOST_ADAPTER = 0.01
PROMPTS = ("an airplane over the sea", "a red car")
INJECTED = ((0.0,), (1.0,), (1.0, 0.0))
NOISES = (0, 4)


@dataclass(frozen=True)
class Probe:
    """One way to read the features."""

    injected: tuple[float, ...]
    noises: int
    first_step: FirstStep
    guided: bool
    plain_rows: int
    """Rows of the UNet in the same generation without inhibition."""
    rows: int
    expected: int
    """What the method says: one row an image more for each w and noise, but for a passive look at a first step that stays plain."""

    def cells(self) -> list[object]:
        """One row of the table."""
        return [
            f"w = {' and '.join(f'{w:g}' for w in self.injected)}, {f'{self.noises} shared noises' if self.noises else 'own noise'}, first step {self.first_step}", "yes" if self.guided else "no", self.plain_rows,
            self.rows - self.plain_rows, f"{(self.rows - self.plain_rows) / self.step_rows:g}",
            "yes" if self.rows == self.expected else f"NO, {self.expected - self.plain_rows}",
        ]  # fmt: skip

    @property
    def step_rows(self) -> int:
        """Rows of one step."""
        return len(PROMPTS) * (2 if self.guided else 1)


@dataclass(frozen=True)
class AdapterTime:
    """How long the adapter thinks."""

    images: int
    inference_s: float
    generation_s: float
    share: Spread


PROBE_HEADS = ("probe", "guidance", "rows of the plain generation", "more rows", "in steps", "as the method says")


def count(pipe: Any, conditions: Conditions, asked: dict[str, Any]) -> list[Probe]:
    """Every setting of the probe."""
    return [
        _count(
            pipe,
            adapter_for(conditions, injected=injected, noises=noises, first_step=first_step),
            asked | {"guidance_scale": guidance},
        )
        for noises, injected, first_step, guidance in product(NOISES, INJECTED, ("plain", "inhibited"), (3.0, 1.0))
    ]


def _count(pipe: Any, adapter: Adapter, asked: dict[str, Any]) -> Probe:
    with counting(pipe.unet) as plain:
        draw(pipe, asked)
    with counting(pipe.unet) as counted, inhibit(pipe, adapter, outside="go_on"):
        draw(pipe, asked)
    config = adapter.config
    own = [one for one in config.readings if one.injected or one.noise is not None or config.first_step == "inhibited"]
    guided, more = asked["guidance_scale"] > 1, len(own) * len(PROMPTS)
    return Probe(config.injected, config.noises, config.first_step, guided, plain.rows, counted.rows, plain.rows + more)


def time_adapter(pipe: Any, adapter: Adapter, asked: dict[str, Any], *, rounds: int) -> AdapterTime:
    """The adapter alone on what it reads in a generation, beside that generation without it."""
    with inhibit(pipe, adapter, outside="go_on") as run:
        draw(pipe, asked)
    features = run.features
    adapter.infer(features)
    works = {"adapter": lambda: adapter.infer(features), "generation": lambda: draw(pipe, asked)}
    taken = in_turn({name: lambda work=work: timed(work, pipe.device) for name, work in works.items()}, rounds)
    inference, generation = ([took.seconds for took in taken[name]] for name in works)
    return AdapterTime(
        len(features), spread(inference).median, spread(generation).median, ratios(inference, generation)
    )


def draw(pipe: Any, asked: dict[str, Any]) -> None:
    """Two pictures, from the same noise each time."""
    pipe(list(PROMPTS), generator=generators(range(len(PROMPTS))), **asked)


def adapter_for(conditions: Conditions, *, injected: tuple[float, ...], noises: int, first_step: FirstStep) -> Adapter:
    """An untrained adapter of the default preset's form: it takes as long as a trained one."""
    config = AdapterConfig(
        concept="airplane", synonyms=(), slots="all", scales=ScaleRange(smallest=-3, step=0.2), injected=injected, noises=noises,
        first_step=first_step, recipe_hash="0", transform=DEFAULT.transform, hidden=DEFAULT.hidden,
        members=DEFAULT.members, **dict(conditions),
    )  # fmt: skip
    return Adapter(config).eval().requires_grad_(False)


def main(told: Sequence[str] | None = None) -> int:
    """Print and write the figures; 1 when a bar is missed."""
    parser = arguments(__doc__, "probe")
    parser.add_argument("--rounds", type=int, default=9)
    asked = parser.parse_args(told)
    torch.set_num_threads(asked.threads)
    recipe = read_recipe("emoji-airplane")
    pipe = open_pipeline(recipe, Paths(Path(), recipe.name))
    conditions, call = observe(recipe, pipe), sampling(recipe.sweep)
    probes = count(pipe, conditions, call)
    adapter = adapter_for(
        conditions, injected=recipe.train.injected, noises=recipe.sweep.noises, first_step=recipe.sweep.first_step
    )
    time = time_adapter(pipe, adapter, call, rounds=asked.rounds)
    write([*probes, time], asked.out)
    say(f"Probing on {recipe.model.id}, {len(PROMPTS)} images", PROBE_HEADS, [probe.cells() for probe in probes])
    share = (f"{time.inference_s:.6f}", f"{time.generation_s:.3f}", time.share)
    say(f"The adapter, {time.images} images", ("inference s", "generation s", "share [quartiles]"), [share])
    return int(any(probe.rows != probe.expected for probe in probes) or time.share.median >= MOST_ADAPTER)


if __name__ == "__main__":
    sys.exit(main())
