"""Weights & Biases beside the train stage: the recipe, the curve, a table of sweeps with what was picked, the adapter.

Off unless `train.wandb` says so. A run is written to `build/wandb` and, with WANDB_API_KEY, sent when the training is over; else
`wandb sync` sends it. So no training waits for a server or ends with it: what W&B logs while it is connected is lost in part where the
connection is (its artifacts are not in the file that `wandb sync` reads). Nothing that a stage writes depends on it.
"""

import io
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw, ImageFilter

from pipeline.parquet import read_rows, read_shards
from pipeline.paths import Paths
from pipeline.settings import Recipe
from pipeline.tables import LabelRow, Prompt, SweepImage

if TYPE_CHECKING:
    from wandb import Table

PROJECT = "gie"
SEND_S = 60.0
"""A run of this size takes seconds; whoever waits longer waits for a server that is away."""
PROMPTS = 24
"""Sweeps in the table; all of them would be a second copy of the sweeps."""
CELL_PX = 96
BLUR_PX = 12
"""Of a cell: shapes and colours are left, nothing that is to be erased is shown to who only looks at the curves."""
PICK = (220, 40, 40)


def open_wandb(recipe: Recipe, paths: Paths) -> Any:
    """A Lightning logger of a new run on this machine that has the recipe as its config."""
    import wandb
    from lightning.pytorch.loggers import WandbLogger

    folder = Path(os.environ.get("WANDB_DIR") or paths.root / "build")
    folder.mkdir(parents=True, exist_ok=True)
    config = recipe.model_dump(mode="json") | {"recipe_hash": recipe.recipe_hash}
    settings = {"silent": True} if _is_sent() else {}  # else it says how to send by hand
    run = wandb.init(project=PROJECT, name=recipe.name, dir=folder, mode="offline", config=config, settings=settings)
    run.define_metric("*", step_metric="epoch")
    return WandbLogger(experiment=run)


def close_wandb(logger: Any, recipe: Recipe, paths: Paths) -> None:
    """Add the table of sweeps and the adapter, end the run, and send it where there is a key."""
    import wandb

    run = logger.experiment
    run.log({"sweeps": sweep_table(recipe, paths)})
    artifact = wandb.Artifact(recipe.name, type="model", metadata={"recipe_hash": recipe.recipe_hash})
    artifact.add_dir(str(paths.adapter_folder))
    run.log_artifact(artifact)
    run.finish()
    if _is_sent():
        send_run(Path(run.settings.sync_dir))


def send_run(folder: Path) -> None:
    """Send a run by W&B's own command; a warning says where it stays if the server does not take it."""
    command = [sys.executable, "-m", "wandb", "sync", str(folder)]
    own = {**os.environ, "WANDB_DIR": str(folder.parents[1])}  # its logs go there too
    with suppress(subprocess.TimeoutExpired):  # away from its server the command tries for ever
        subprocess.run(command, env=own, check=False, timeout=SEND_S)
    if not list(folder.glob("*.wandb.synced")):
        warnings.warn(
            f"expected W&B to take the run within {SEND_S:g} s, got a refusal or no answer; the adapter is written, "
            f"`wandb sync {os.path.relpath(folder)}` sends the run later",
            stacklevel=2,
        )


def _is_sent() -> bool:
    return bool(os.environ.get("WANDB_API_KEY")) and os.environ.get("WANDB_MODE", "online") == "online"


def sweep_table(recipe: Recipe, paths: Paths) -> "Table":
    """The first prompts by hash, each with its sweep as one picture, the label framed; blurred unless asked."""
    import wandb

    labels = {label.prompt_id: label for label in read_rows(paths.labels, LabelRow)}
    prompts = {prompt.prompt_id: prompt for prompt in read_rows(paths.prompts, Prompt)}
    table = wandb.Table(columns=["prompt", "kind", "split", "outcome", "scale", "sweep"])
    for prompt_id, sweep in islice(_sweeps(paths), PROMPTS):
        prompt, label = prompts[prompt_id], labels[prompt_id]
        strip = draw_strip(sweep, label.scale, blurred=recipe.train.wandb_pictures == "blurred")
        table.add_data(prompt.prompt, prompt.kind, prompt.split, label.outcome, label.scale, wandb.Image(strip))
    return table


def draw_strip(sweep: Mapping[float, bytes], pick: float | None, *, blurred: bool) -> Image.Image:
    """The pictures of one sweep side by side, from w = 0 down; a frame around the picked one."""
    canvas = Image.new("RGB", (CELL_PX * len(sweep), CELL_PX))
    pen = ImageDraw.Draw(canvas)
    for column, (scale, png) in enumerate(sweep.items()):
        cell = Image.open(io.BytesIO(png)).convert("RGB").resize((CELL_PX, CELL_PX))
        canvas.paste(cell.filter(ImageFilter.GaussianBlur(BLUR_PX)) if blurred else cell, (column * CELL_PX, 0))
        if scale == pick:
            pen.rectangle((column * CELL_PX, 0, (column + 1) * CELL_PX - 1, CELL_PX - 1), outline=PICK, width=4)
    return canvas


def _sweeps(paths: Paths) -> Iterator[tuple[str, dict[float, bytes]]]:
    rows: Iterator[SweepImage] = read_shards(paths.sweeps, SweepImage)
    for prompt_id, shots in groupby(rows, key=lambda shot: shot.prompt_id):
        pictures: Sequence[SweepImage] = list(shots)
        yield prompt_id, {shot.scale: shot.image for shot in pictures}
