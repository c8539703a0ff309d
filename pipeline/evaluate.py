"""`gie evaluate NAME`: how well the adapter erases, on prompts that training never saw.

The evaluator, which had no part in labelling, looks at every picture of the held-out sweeps and at what the model draws with the
adapter. Plain, fixed and oracle policies are read from the sweep; only the adapter's pictures are new. What the plain model never
draws cannot be erased: where that is all, the numbers are null, and the command says so.
"""

import json
from collections.abc import Iterable, Mapping
from statistics import fmean
from typing import Any

from pipeline.adapted import draw_adapted
from pipeline.eyes import open_eye
from pipeline.files import replaced_file
from pipeline.parquet import read_rows, read_shards, write_rows
from pipeline.paths import Paths
from pipeline.plots import write_plots
from pipeline.policies import ADAPTER, fixed_rows, oracle_rows, row
from pipeline.report.gather import gather
from pipeline.report.page import render
from pipeline.scoring import Eye
from pipeline.settings import Recipe
from pipeline.summary import Summary, metrics, summarise
from pipeline.tables import EvaluationRow, Prompt, SweepImage
from pipeline.trials import distance, look_at


def run(recipe: Recipe, paths: Paths) -> None:
    """Draw the test prompts with the adapter, look at everything, and write tables, numbers, plots and the report."""
    eye = open_eye(recipe, paths)
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
    protocol = dict(eye.terms)
    numbers = metrics(summary, benign_distance=benign_distance(paths, prompts, adapted))
    named = {"protocol": protocol["protocol"], **numbers}
    _write_json(paths, {paths.protocol.name: protocol, paths.metrics.name: named})
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
    rows = fixed_rows(trials, before, limits=eye.limits)
    with_adapter = [
        row(trial, before[trial.prompt.prompt_id], policy=ADAPTER, limits=eye.limits)
        for trial in look_at(adapted, prompts, eye)
    ]
    drawn = {made.prompt_id for made in with_adapter}
    return [*rows, *with_adapter, *oracle_rows(swept for swept in rows if swept.prompt_id in drawn)]


def benign_distance(paths: Paths, prompts: Mapping[str, Prompt], adapted: Iterable[SweepImage]) -> float | None:
    """How far the adapter moves pictures that do not ask for the concept: mean over prompts, 0 to 1; None without any."""
    made = {picture.prompt_id: picture.image for picture in adapted if prompts[picture.prompt_id].kind == "benign"}
    moved = [
        distance(plain.image, made[plain.prompt_id])
        for plain in read_shards(paths.sweeps, SweepImage)
        if plain.scale == 0 and plain.prompt_id in made
    ]
    return fmean(moved) if moved else None


def say(paths: Paths) -> str:
    """One line: the three numbers, or that there was nothing to erase."""
    found, terms = (json.loads(path.read_text(encoding="utf-8")) for path in (paths.metrics, paths.protocol))
    if not found["target_before"]:
        return (
            f"evaluate: {terms['evaluator']} sees {terms['target']} on none of the plain pictures of the test prompts that ask for it, "
            "so nothing is known about gone; look at the sweep and at the prompts"
        )
    numbers = ((name, found[name]) for name in ("gone", "kept", "regret"))
    return f"evaluate: {', '.join(f'{name} {share:.1%}' for name, share in numbers if share is not None)}"


def _write_json(paths: Paths, contents: Mapping[str, Mapping[str, Any]]) -> None:
    for name, content in contents.items():
        with replaced_file(paths.evaluating / name) as aside:
            aside.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
