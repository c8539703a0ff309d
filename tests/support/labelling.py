"""A project that is ready for the label and train stages: prompts, sweeps that carry their own truth, features, conditions.

Each prompt has a scale from which on its concept is gone; the sweep's pictures say it by their brightness, the features by
their first layer. `TruthfulJudge` reads the brightness.
"""

import io
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from PIL import Image

from gie.adapter_config import Sampling
from labeling.choose import choose_scale
from labeling.judges.remembered import NamedJudge, Remembered
from labeling.verdict import Sight, Sweep, Verdict
from pipeline.conditions import Conditions, write_conditions
from pipeline.judging import USUAL, OpenJudge, Options
from pipeline.ledger import Ledger
from pipeline.parquet import write_rows, write_shards
from pipeline.paths import Paths
from pipeline.settings import LabelSettings, Recipe, read_recipe
from pipeline.tables import EOT, Feature, Kind, Prompt, Split, SweepImage

ROOT = Path(__file__).parents[2]
LADDER = (0.0, -2.0, -4.0, -6.0, -8.0, -10.0, -12.0)
LAYERS = ("down", "mid", "up")
KIND_OF: tuple[Kind, ...] = ("explicit", "pair", "benign", "implicit")
SPLIT_OF: tuple[Split, ...] = ("train", "train", "val", "train", "test")
GONE, THERE, WRECK, OTHER = 250, 150, 50, 230
"""Brightness of a picture without the concept any more, with it, of none, and of one that never asked for it."""


def make_recipe() -> Recipe:
    """The smoke recipe on the ladder of this file, its features from own noise, trained for a moment."""
    recipe = read_recipe("smoke-airplane", ROOT / "params.yaml")
    sweep = recipe.sweep.model_copy(update={"scales": LADDER[1:], "noises": 0})
    return recipe.model_copy(update={"sweep": sweep, "train": recipe.train.model_copy(update={"epochs": 30})})


def make_prompt(number: int) -> Prompt:
    """Kinds and splits by turns."""
    return Prompt(
        prompt_id=f"{number:016x}", prompt=f"picture {number}", concept="airplane", word="an airplane",
        kind=KIND_OF[number % 4], wording="{x}", rest="", other="", style="", background="", seed=number,
        split=SPLIT_OF[number % 5],
    )  # fmt: skip


def onset_of(prompt: Prompt) -> float:
    """The truth: the scale from which on the concept is gone; 0 for benign prompts."""
    return 0.0 if prompt.kind == "benign" else -4.0 if prompt.seed % 2 else -8.0


def picture(brightness: int) -> bytes:
    """A PNG of one grey."""
    stored = io.BytesIO()
    Image.fromarray(np.full((8, 8, 3), brightness, np.uint8)).save(stored, "PNG")
    return stored.getvalue()


def make_project(root: Path, *, count: int = 40, broken_from: float = -12.0) -> Paths:
    """Everything up to the sweep stage; pictures are wrecks from `broken_from` on."""
    paths = Paths(root, "smoke-airplane")
    prompts = [make_prompt(number) for number in range(count)]
    write_rows(paths.prompts, Prompt, prompts)
    write_shards(paths.sweeps, SweepImage, [_shot(prompt, w, broken_from) for prompt in prompts for w in LADDER])
    write_rows(
        paths.features,
        Feature,
        [_feature(prompt, w, token) for prompt in prompts for w in (1.0, 0.0) for token in (0, 1, EOT)],
    )
    sampling = Sampling(
        first_timestep=999, scheduler="DPMSolverMultistepScheduler", steps=12, guidance=5, height=64, width=64
    )
    conditions = Conditions(
        base_model="tiny", fingerprint="f00d", layers=LAYERS, widths=((8, 8),) * len(LAYERS), sampling=sampling
    )
    write_conditions(paths.conditions, conditions)
    return paths


def _shot(prompt: Prompt, scale: float, broken_from: float) -> SweepImage:
    gone = OTHER if prompt.kind == "benign" else GONE
    brightness = WRECK if scale <= broken_from else gone if scale <= onset_of(prompt) else THERE
    return SweepImage(prompt.prompt_id, scale, picture(brightness))


def _feature(prompt: Prompt, injected: float, token: int) -> Feature:
    values = (-onset_of(prompt) / 100, 0.01 * token, 0.05 + 0.01 * injected)
    return Feature(prompt.prompt_id, token, injected, values)


def opens(judge: NamedJudge) -> Callable[..., AbstractAsyncContextManager[OpenJudge]]:
    """What takes the place of `pipeline.judging.open_judge` and opens this judge, with the stage's own ledger behind it."""

    @asynccontextmanager
    async def open_it(
        settings: LabelSettings, paths: Paths, ledger: Ledger, *, device: str, options: Options = USUAL
    ) -> AsyncGenerator[OpenJudge]:
        del settings, paths, device
        yield OpenJudge([Remembered(judge, ledger, options.replay)])

    return open_it


@dataclass
class TruthfulJudge:
    """Reads the truth, and remembers whom it was asked about."""

    name: str = "truth"
    model: str = "brightness"
    rubric_version: str = "1"
    layout: str = "single"
    asked: list[str] = field(default_factory=list[str])
    refuses: frozenset[str] = frozenset()
    """Prompts that it does not judge."""
    paid_for: int | None = None
    """After so many sweeps the money is spent."""

    async def judge(self, sweep: Sweep) -> Sequence[Verdict]:
        """See what the brightness says."""
        self.asked.append(sweep.prompt)
        if sweep.prompt in self.refuses:
            return [self._signed(Verdict("refused", reason="policy", raw='{"refusal": "no"}'))]
        if self.paid_for is not None and len(self.asked) > self.paid_for:
            return [self._signed(Verdict("budget", reason="the money is spent"))]
        grey = {scale: int(np.asarray(image)[0, 0, 0]) for scale, image in sweep.images.items()}
        seen = {scale: Sight(gone=value != THERE, kept=value != WRECK) for scale, value in grey.items()}
        _, scale = choose_scale(seen)
        return [self._signed(Verdict("ok", scale, seen, reason="seen"))]

    def _signed(self, verdict: Verdict) -> Verdict:
        names = {"judge": self.name, "model": self.model, "rubric_version": self.rubric_version, "layout": self.layout}
        return replace(verdict, **names)
