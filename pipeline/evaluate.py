"""`gie evaluate NAME`: how well the adapter erases, on prompts that training never saw.

The evaluator, a network that had no part in labelling, looks at every picture of the held-out sweeps and at what the model
draws with the adapter. Plain, fixed and oracle policies are read from the sweep; only the adapter's pictures are new.
"""

import json
from collections.abc import Iterable, Mapping
from statistics import fmean
from typing import Any

from gie.errors import InputError
from pipeline.adapted import draw_adapted
from pipeline.files import replaced_file
from pipeline.parquet import read_rows, read_shards, write_rows
from pipeline.paths import Paths
from pipeline.plots import write_plots
from pipeline.policies import ADAPTER, fixed_rows, oracle_rows, row
from pipeline.report.gather import gather
from pipeline.report.page import render
from pipeline.scoring import FOUND, Eye
from pipeline.settings import Recipe
from pipeline.summary import Summary, metrics, summarise
from pipeline.tables import EvaluationRow, Prompt, SweepImage
from pipeline.trials import distance, look_at

PROTOCOL = "gie-conditional-1"
"""Name of the rules in `pipeline.outcome`; a change of them is another protocol."""


def run(recipe: Recipe, paths: Paths) -> None:
    """Draw the test prompts with the adapter, look at everything, and write tables, numbers, plots and the report."""
    eye = Eye(_read_evaluator(recipe, paths), recipe.concept)
    test = [prompt for prompt in read_rows(paths.prompts, Prompt) if prompt.split == "test"]
    write_rows(paths.adapted, SweepImage, draw_adapted(recipe, paths, test))
    evaluate(recipe, paths, eye)


def evaluate(recipe: Recipe, paths: Paths, eye: Eye) -> Summary:
    """Everything but the drawing: from the tables of sweep and adapter to the outs of the stage."""
    prompts = {prompt.prompt_id: prompt for prompt in read_rows(paths.prompts, Prompt) if prompt.split != "train"}
    adapted = read_rows(paths.adapted, SweepImage)
    rows = evaluation_rows(read_shards(paths.sweeps, SweepImage), adapted, prompts, eye)
    write_rows(paths.evaluation, EvaluationRow, rows)
    summary = summarise(rows)
    protocol = describe(recipe, eye)
    numbers = metrics(summary, benign_distance=benign_distance(paths, prompts, adapted))
    _write_json(paths, {paths.protocol.name: protocol, paths.metrics.name: {"protocol": PROTOCOL, **numbers}})
    findings = gather(recipe, paths, summary)
    write_plots(paths.plots, summary, findings.history)
    with replaced_file(paths.report) as aside:
        aside.write_text(render(findings, protocol=protocol), encoding="utf-8")
    return summary


def evaluation_rows(
    sweeps: Iterable[SweepImage], adapted: Iterable[SweepImage], prompts: Mapping[str, Prompt], eye: Eye
) -> list[EvaluationRow]:
    """The rows of all policies; the oracle and the adapter on the prompts that have an adapter's picture."""
    trials = list(look_at(sweeps, prompts, eye))
    before = {trial.prompt.prompt_id: trial.seen for trial in trials if trial.scale == 0}
    threshold = eye.evaluator.quality_threshold
    rows = fixed_rows(trials, before, quality_threshold=threshold)
    with_adapter = [
        row(trial, before[trial.prompt.prompt_id], policy=ADAPTER, quality_threshold=threshold)
        for trial in look_at(adapted, prompts, eye)
    ]
    drawn = {made.prompt_id for made in with_adapter}
    return [*rows, *with_adapter, *oracle_rows(swept for swept in rows if swept.prompt_id in drawn)]


def benign_distance(paths: Paths, prompts: Mapping[str, Prompt], adapted: Iterable[SweepImage]) -> float:
    """How far the adapter moves pictures that do not ask for the concept: mean over prompts, 0 to 1; 0 without any."""
    made = {picture.prompt_id: picture.image for picture in adapted if prompts[picture.prompt_id].kind == "benign"}
    moved = [
        distance(plain.image, made[plain.prompt_id])
        for plain in read_shards(paths.sweeps, SweepImage)
        if plain.scale == 0 and plain.prompt_id in made
    ]
    return fmean(moved) if moved else 0.0


def describe(recipe: Recipe, eye: Eye) -> dict[str, Any]:
    """By whom and how it was measured."""
    evaluator = eye.evaluator
    return {
        "protocol": PROTOCOL,
        "evaluator": recipe.evaluate.evaluator,
        "target": eye.target,
        "found": f"probability >= {FOUND:g}",
        "a picture": f"quality >= {evaluator.quality_threshold:g}",
        "concepts": ", ".join(evaluator.concepts),
        "styles": ", ".join(evaluator.styles),
        "backgrounds": ", ".join(evaluator.backgrounds),
    }


def _read_evaluator(recipe: Recipe, paths: Paths) -> Any:
    from training.emoji.evaluator import Evaluator

    folder = paths.inside(recipe.evaluate.evaluator)
    try:
        return Evaluator.from_pretrained(folder)
    except FileNotFoundError as error:
        msg = f"expected an evaluator's folder, got {folder}, which has no {error.filename}; see evaluate.evaluator in params.yaml"
        raise InputError(msg) from error


def _write_json(paths: Paths, contents: Mapping[str, Mapping[str, Any]]) -> None:
    for name, content in contents.items():
        with replaced_file(paths.evaluating / name) as aside:
            aside.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
