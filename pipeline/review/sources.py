"""Where the page's exhibits come from: a recipe's tables, or a folder that was labelled."""

from pathlib import Path
from typing import Any, cast

from labeling.choose import choose_label
from labeling.verdict import Sweep
from pipeline.auditing.records import read_verdicts
from pipeline.folders.read import read_subjects
from pipeline.folders.tables import Labelled, read_labels
from pipeline.inputs import read_input
from pipeline.opening import open_sweep
from pipeline.paths import Paths
from pipeline.review.exhibits import Exhibit
from pipeline.settings import Recipe
from pipeline.tables import Prompt, SweepImage


def from_recipe(recipe: Recipe, paths: Paths) -> list[Exhibit]:
    """Every prompt that the label stage looked at; raises InputError when it has not run."""
    verdicts = read_verdicts(paths)
    return [
        Exhibit(
            prompt_id=prompt.prompt_id,
            prompt=prompt.prompt,
            kind=prompt.kind,
            label=choose_label(verdicts[prompt.prompt_id]),
            verdicts=verdicts[prompt.prompt_id],
            open=lambda prompt=prompt: read_sweep(recipe, paths, prompt),
        )
        for prompt in read_input(paths.prompts, Prompt, stage="prompts", recipe=recipe.name)
        if prompt.prompt_id in verdicts
    ]


def read_sweep(recipe: Recipe, paths: Paths, prompt: Prompt) -> Sweep:
    """One prompt's pictures; the shards are sorted, so that little else is read."""
    import pyarrow.parquet as pq

    table = pq.read_table(paths.sweeps, filters=[("prompt_id", "=", prompt.prompt_id)])
    rows = cast("list[dict[str, Any]]", table.to_pylist())
    return open_sweep(
        recipe, prompt, [SweepImage(row["prompt_id"], row["scale"], row["image"]["bytes"]) for row in rows]
    )


def from_folder(out: Path) -> tuple[str, list[Exhibit]]:
    """The concept and the exhibits of what `gie label FOLDER` wrote; raises InputError when the pictures are gone."""
    asked, labels, verdicts = read_labels(out)
    subjects = read_subjects(Path(asked.place), Path(asked.prompts) if asked.prompts else None)
    known = [subject for subject in subjects if subject.prompt_id in labels]
    return asked.concept, Labelled(asked, known, labels, verdicts).exhibits()
