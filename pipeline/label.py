"""`gie label RECIPE`: the judge looks at every sweep; its verdicts become one label a prompt.

A verdict goes into the ledger as soon as it is there, under everything that decided it: the pictures' bytes, what was asked,
by whom. So a repeated run asks nobody, and a changed rubric never meets an old answer.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from tqdm import tqdm

from gie.errors import InputError
from labeling.choose import choose_label
from labeling.judges.remembered import NamedJudge, Remembered
from labeling.verdict import Judge, Label, Sweep, Verdict
from pipeline.files import replaced_folder
from pipeline.inputs import read_input
from pipeline.ledger import Ledger, default_folder
from pipeline.parquet import read_shards, write_rows
from pipeline.paths import Paths
from pipeline.png import open_picture
from pipeline.seen import write_seen
from pipeline.settings import LabelSettings, Recipe
from pipeline.tables import KINDS, LabelRow, Prompt, SweepImage, VerdictRow


def run(recipe: Recipe, paths: Paths) -> None:
    """Write `paths.labels`, `paths.verdicts` and `paths.label_metrics`."""
    prompts = read_input(paths.prompts, Prompt, stage="prompts", recipe=recipe.name)
    if not paths.sweeps.exists():
        raise InputError(f"expected {paths.sweeps}, got nothing there; run gie sweep {recipe.name} first")
    judge = open_judge(recipe.label, paths, device=recipe.model.device)
    remembered = Remembered(judge, Ledger(default_folder()))
    verdicts = judge_all(remembered, recipe, prompts, read_shards(paths.sweeps, SweepImage))
    labels = {prompt.prompt_id: choose_label(verdicts.get(prompt.prompt_id, [])) for prompt in prompts}
    rows = [verdict_row(name, verdict) for name, given in verdicts.items() for verdict in given]
    with replaced_folder(paths.labeling) as aside:
        write_rows(aside / paths.verdicts.name, VerdictRow, rows)
        write_rows(aside / paths.labels.name, LabelRow, [label_row(*item) for item in labels.items()])
        metrics = json.dumps(count_outcomes(prompts, labels), indent=2)
        (aside / paths.label_metrics.name).write_text(metrics + "\n", encoding="utf-8")


def open_judge(settings: LabelSettings, paths: Paths, *, device: str) -> NamedJudge:
    """The judge that the recipe names; raises InputError or LabelingError when it is not there."""
    if settings.judge != "local":
        raise InputError(
            f"label.judge: expected local, got {settings.judge}, which is not there yet; choose another recipe"
        )
    import torch
    from transformers.utils.logging import disable_progress_bar

    from labeling.judges.local import LocalJudge
    from labeling.judges.scenes import Rubric

    disable_progress_bar()  # a bar over the weights hides the one that counts prompts
    rubric = Rubric(
        contrasts=settings.contrasts,
        attributes=settings.attributes,
        broken=settings.broken,
        gone_below=settings.gone_below,
        kept_above=settings.kept_above,
        names=settings.names,
    )
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    return LocalJudge.from_folder(paths.inside(settings.model), rubric, device=device)


def judge_all(
    judge: Judge, recipe: Recipe, prompts: Sequence[Prompt], pictures: Iterable[SweepImage]
) -> dict[str, Sequence[Verdict]]:
    """The verdicts about each prompt that has pictures, which come sorted by prompt; shows how far it is."""
    asked = {prompt.prompt_id: prompt for prompt in prompts}
    wanted = (picture for picture in pictures if picture.prompt_id in asked)
    groups = groupby(wanted, key=lambda picture: picture.prompt_id)

    async def run_all() -> dict[str, Sequence[Verdict]]:
        return {
            name: await judge.judge(open_sweep(recipe, asked[name], list(group)))
            for name, group in tqdm(groups, desc=f"labels of {recipe.name}", total=len(asked), unit="prompt")
        }

    return asyncio.run(run_all())


def open_sweep(recipe: Recipe, prompt: Prompt, pictures: Sequence[SweepImage]) -> Sweep:
    """What a judge is shown of one prompt."""
    images = {picture.scale: open_picture(picture.image) for picture in pictures}
    return Sweep(prompt.prompt, prompt.rest, recipe.concept, recipe.synonyms, images)


def verdict_row(prompt_id: str, verdict: Verdict) -> VerdictRow:
    """One verdict as the table has it."""
    return VerdictRow(
        prompt_id=prompt_id,
        judge=verdict.judge,
        model=verdict.model,
        rubric_version=verdict.rubric_version,
        layout=verdict.layout,
        outcome=verdict.outcome,
        scale=verdict.scale,
        seen=write_seen(verdict.seen),
        reason=verdict.reason,
        raw=verdict.raw,
        usage=verdict.usage,
        cost_usd=verdict.cost_usd,
        votes=verdict.votes,
        at=verdict.at,
    )


def label_row(prompt_id: str, label: Label) -> LabelRow:
    """One label as the table has it."""
    return LabelRow(prompt_id, label.scale, label.outcome, label.votes, label.agreement, label.reason)


def count_outcomes(prompts: Sequence[Prompt], labels: Mapping[str, Label]) -> dict[str, Any]:
    """How many prompts of each kind had which outcome; kinds and outcomes without a prompt are left out."""
    counts = Counter((prompt.kind, labels[prompt.prompt_id].outcome) for prompt in prompts)
    total = Counter(label.outcome for label in labels.values())
    by_kind = {
        kind: {outcome: counts[kind, outcome] for outcome in sorted(total) if counts[kind, outcome]} for kind in KINDS
    }
    return {
        "prompts": len(prompts),
        "outcomes": dict(sorted(total.items())),
        "kinds": {kind: outcomes for kind, outcomes in by_kind.items() if outcomes},
    }
