"""Reads what the page shows: two passes over the sweeps would load them whole, so only pictures on show are kept."""

import csv
from pathlib import Path

from gie.adapter_config import read_config
from pipeline.parquet import read_rows, read_shards
from pipeline.paths import Paths
from pipeline.report.findings import Epoch, Findings, on_show
from pipeline.report.pictures import data_uri
from pipeline.settings import Recipe
from pipeline.summary import Summary
from pipeline.tables import Feature, LabelRow, Prompt, SweepImage


def gather(recipe: Recipe, paths: Paths, summary: Summary) -> Findings:
    """Findings of one adapter from the outs of all stages."""
    sweeps, shown = on_show(summary)
    return Findings(
        name=recipe.name,
        concept=recipe.concept,
        model=recipe.model.id,
        summary=summary,
        prompts={prompt.prompt_id: prompt for prompt in read_rows(paths.prompts, Prompt)},
        labels={label.prompt_id: label for label in read_rows(paths.labels, LabelRow)},
        features=read_rows(paths.features, Feature),
        layers=read_config(paths.adapter_folder).layers,
        history=read_history(paths.history),
        pictures={
            (picture.prompt_id, picture.scale): data_uri(picture.image)
            for picture in read_shards(paths.sweeps, SweepImage)
            if picture.prompt_id in sweeps or (picture.prompt_id in shown and picture.scale == 0)
        },
        adapted={
            picture.prompt_id: data_uri(picture.image)
            for picture in read_rows(paths.adapted, SweepImage)
            if picture.prompt_id in shown
        },
    )


def read_history(path: Path) -> list[Epoch]:
    """The training curve that the train stage wrote: CSV with epoch, train and val."""
    with path.open(encoding="utf-8", newline="") as file:
        return [Epoch(int(row["epoch"]), float(row["train"]), float(row["val"])) for row in csv.DictReader(file)]
