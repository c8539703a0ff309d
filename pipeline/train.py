"""`gie train RECIPE`: fit the adapter on the labelled train prompts, watch it on the val prompts, export it.

The out is the folder that `Adapter.from_pretrained` takes, with the training curve and what was learned from beside it.
"""

import csv
import hashlib
import json
import platform
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gie.errors import InputError
from labeling.choose import fill_between
from pipeline.conditions import read_conditions
from pipeline.experiments import close_wandb, open_wandb
from pipeline.files import replaced_folder
from pipeline.inputs import read_input
from pipeline.ledger import default_folder, ledger_key
from pipeline.lessons import Lesson, Tables, collect, from_noises
from pipeline.paths import Paths
from pipeline.seen import read_seen
from pipeline.settings import Recipe, TrainSettings
from pipeline.tables import Feature, LabelRow, Prompt, VerdictRow

if TYPE_CHECKING:
    from gie.adapter_config import AdapterConfig
    from training.fit import Fitted
    from training.presets import Preset
    from training.rows import Rows


def run(recipe: Recipe, paths: Paths) -> None:
    """Write `paths.adapter_folder`; raises InputError when there is nothing to learn from, or nothing to watch."""
    from training.fit import Running, fit
    from training.fixed_scale import best_fixed_scale

    settings = recipe.train
    lessons, dropped = collect(
        read_tables(recipe, paths), injected=settings.injected, eot=settings.eot, absent=settings.absent
    )
    train, val = (_of_split(lessons, split, dropped) for split in ("train", "val"))
    preset = preset_of(settings)
    fixed = best_fixed_scale(lesson.works for lesson in train)
    config = make_config(recipe, paths, preset, fixed)
    rows = (to_rows(train), to_rows(val))
    logger = open_wandb(recipe, paths) if settings.wandb else None
    running = Running(settings.accelerator, settings.precision, logger, _checkpoint(recipe, rows))
    fitted = fit(*rows, config=config, preset=preset, seed=settings.seed, running=running)
    parts = {name: _measure(fitted, part) for name, part in (("train", train), ("val", val))}
    metrics = {"dropped": dropped, **parts, "made_with": made_with(settings)}
    with replaced_folder(paths.adapter_folder) as aside:
        fitted.adapter.save_pretrained(aside)
        _write_history(aside / paths.history.name, fitted)
        (aside / paths.train_metrics.name).write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
    if logger:
        close_wandb(logger, recipe, paths)


def preset_of(settings: TrainSettings) -> "Preset":
    """The preset with the recipe's own epochs and patience."""
    from training.presets import PRESETS

    return replace(PRESETS[settings.preset], epochs=settings.epochs, patience=settings.patience)


def made_with(settings: TrainSettings) -> dict[str, str]:
    """What the last bits of the weights depend on beside rows, preset and seed."""
    import torch

    return {
        "torch": torch.__version__,
        "machine": platform.machine(),
        "cpu": torch.backends.cpu.get_cpu_capability(),
        "accelerator": settings.accelerator,
        "precision": settings.precision,
    }


def read_tables(recipe: Recipe, paths: Paths) -> Tables:
    """What the stages before wrote, of the features those that the recipe trains on; raises InputError when one has not run."""
    verdicts = read_input(paths.verdicts, VerdictRow, stage="label", recipe=recipe.name)
    judged = [row for row in verdicts if row.outcome == "ok" and row.votes]
    labels = read_input(paths.labels, LabelRow, stage="label", recipe=recipe.name)
    features = read_input(paths.features, Feature, stage="sweep", recipe=recipe.name)
    return Tables(
        prompts=read_input(paths.prompts, Prompt, stage="prompts", recipe=recipe.name),
        labels={row.prompt_id: row for row in labels},
        seen={row.prompt_id: fill_between(read_seen(row.seen), recipe.sweep.ladder) for row in reversed(judged)},
        features=from_noises(features, recipe.sweep.noises),
        ladder=recipe.sweep.ladder,
    )


def make_config(recipe: Recipe, paths: Paths, preset: "Preset", fixed: float | None) -> "AdapterConfig":
    """What the adapter is for, from the recipe and the conditions of its sweep."""
    from gie.adapter_config import AdapterConfig, ScaleRange

    conditions = read_conditions(paths.conditions)
    ladder = recipe.sweep.ladder
    return AdapterConfig(
        concept=recipe.concept,
        synonyms=recipe.synonyms,
        slots=recipe.sweep.slots,
        values=recipe.sweep.values,
        base_model=conditions.base_model,
        fingerprint=conditions.fingerprint,
        layers=conditions.layers,
        widths=conditions.widths,
        scales=ScaleRange(smallest=ladder[-1], step=round(min(weak - strong for weak, strong in pairwise(ladder)), 9)),
        injected=recipe.train.injected,
        eot=recipe.train.eot,
        noises=recipe.sweep.noises,
        first_step=recipe.sweep.first_step,
        sampling=conditions.sampling,
        recipe_hash=recipe.recipe_hash,
        best_fixed_scale=fixed,
        transform=preset.transform,
        hidden=preset.hidden,
        members=preset.members,
    )


def to_rows(lessons: Sequence[Lesson]) -> "Rows":
    """One row a prompt and token; the tokens of a prompt share its scales."""
    import torch

    from training.rows import Rows

    tokens = [(values, lesson) for lesson in lessons for values in lesson.values]
    return Rows(
        features=torch.tensor([values for values, _ in tokens]),
        weakest=torch.tensor([lesson.weakest for _, lesson in tokens]),
        strongest=torch.tensor([lesson.strongest for _, lesson in tokens]),
        kinds=tuple(lesson.prompt.kind for _, lesson in tokens),
    )


def _of_split(lessons: Sequence[Lesson], split: str, dropped: dict[str, int]) -> list[Lesson]:
    part = [lesson for lesson in lessons if lesson.prompt.split == split]
    if not part:
        raise InputError(f"expected {split} prompts with a scale, got none (left out: {dropped}); look at the labels")
    return part


def _measure(fitted: "Fitted", lessons: Sequence[Lesson]) -> dict[str, Any]:
    """Distance to the labels and success by the judge, for the adapter and for its best fixed scale."""
    from training.measure import measure

    adapter = fitted.adapter
    rows = [to_rows([lesson]).features for lesson in lessons]
    inferred = [float(adapter.infer(features[None]).mean()) for features in rows]
    labels, works = [lesson.weakest for lesson in lessons], [lesson.works for lesson in lessons]
    constant = [adapter.config.best_fixed_scale or 0.0] * len(lessons)
    return {
        "prompts": len(lessons),
        "adapter": measure(inferred, labels, works),
        "fixed": measure(constant, labels, works),
    }


def _write_history(path: Path, fitted: "Fitted") -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["epoch", "train", "val"])
        writer.writerows([point.epoch, f"{point.train:.6g}", f"{point.val:.6g}"] for point in fitted.curve)


def _checkpoint(recipe: Recipe, rows: Iterable["Rows"]) -> Path:
    """Where this very fit goes on when it was stopped: outside the out, which DVC removes when the stage starts."""
    content = [tensor.numpy().tobytes() for part in rows for tensor in part.batch]
    digest = hashlib.sha256(b"".join(content)).hexdigest()
    train = recipe.train.model_dump(mode="json", exclude={"wandb", "wandb_pictures"})
    key = ledger_key(rows=digest, train=train, made_with=made_with(recipe.train), fit=6)
    return default_folder() / "fits" / f"{key}.ckpt"
