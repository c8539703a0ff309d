"""`gie label RECIPE`: the judge looks at every sweep; its verdicts become one label a prompt.

What was computed or paid for goes into the ledger at once, under everything that decided it: so a repeated run asks nobody, a stopped
one goes on, and a changed rubric never meets an old answer. When the money ends, the tables are written with what there is.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from gie.errors import InputError
from labeling.choose import choose_label
from labeling.errors import BudgetError
from labeling.verdict import Label, Sweep, Verdict
from pipeline.batching import judge_in_batches
from pipeline.bench import Bench
from pipeline.files import replaced_folder
from pipeline.inputs import read_input
from pipeline.judging import USUAL, Options, open_judge
from pipeline.label_metrics import measure
from pipeline.ledger import Ledger, default_folder
from pipeline.opening import open_sweep
from pipeline.parquet import read_shards, write_rows
from pipeline.paths import Paths
from pipeline.seen import write_seen
from pipeline.settings import Recipe
from pipeline.tables import LabelRow, Prompt, SweepImage, VerdictRow


def run(recipe: Recipe, paths: Paths, options: Options = USUAL) -> None:
    """Write `paths.labels`, `paths.verdicts` and `paths.label_metrics`.

    Raises:
        BudgetError: the money was spent before all were judged; the tables say which are not.
    """
    prompts = read_input(paths.prompts, Prompt, stage="prompts", recipe=recipe.name)
    if not paths.sweeps.exists():
        raise InputError(f"expected {paths.sweeps}, got nothing there; run gie sweep {recipe.name} first")
    verdicts = asyncio.run(judge_all(recipe, paths, prompts, options))
    labels = {prompt.prompt_id: choose_label(verdicts.get(prompt.prompt_id, [])) for prompt in prompts}
    write(recipe, paths, prompts, labels, verdicts)
    if unpaid := sum(any(verdict.outcome == "budget" for verdict in given) for given in verdicts.values()):
        raise BudgetError(
            f"the budget was reached: {unpaid} of {len(prompts)} prompts are not judged, {paths.labels} holds the others; "
            "the same command with a higher --max-cost goes on from there"
        )


async def judge_all(
    recipe: Recipe, paths: Paths, prompts: Sequence[Prompt], options: Options
) -> dict[str, Sequence[Verdict]]:
    """The verdicts about each prompt that has pictures."""
    ledger = Ledger(default_folder())

    async def once(how: Options) -> dict[str, Sequence[Verdict]]:
        async with open_judge(recipe.label, paths, ledger, device=recipe.model.device, options=how) as judge:
            bench = Bench(judge, recipe.label.at_once)
            await bench.run(read_sweeps(recipe, paths, prompts), total=len(prompts), title=f"labels of {recipe.name}")
        return bench.verdicts

    return await judge_in_batches(recipe.label, ledger, options, once) if options.batch else await once(options)


def read_sweeps(recipe: Recipe, paths: Paths, prompts: Sequence[Prompt]) -> Iterator[Sweep]:
    """The sweeps of the prompts, one at a time."""
    asked = {prompt.prompt_id: prompt for prompt in prompts}
    wanted = (picture for picture in read_shards(paths.sweeps, SweepImage) if picture.prompt_id in asked)
    for name, group in groupby(wanted, key=lambda picture: picture.prompt_id):
        yield open_sweep(recipe, asked[name], list(group))


def write(
    recipe: Recipe,
    paths: Paths,
    prompts: Sequence[Prompt],
    labels: Mapping[str, Label],
    verdicts: Mapping[str, Sequence[Verdict]],
) -> None:
    """Write the outs, all or none."""
    rows = [verdict_row(name, verdict) for name, given in verdicts.items() for verdict in given]
    metrics = json.dumps(measure(recipe.concept, prompts, labels, verdicts), indent=2)
    with replaced_folder(paths.labeling) as aside:
        write_rows(aside / paths.verdicts.name, VerdictRow, rows)
        write_rows(aside / paths.labels.name, LabelRow, [label_row(*item) for item in labels.items()])
        (aside / paths.label_metrics.name).write_text(metrics + "\n", encoding="utf-8")


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
