"""`gie audit RECIPE`: whether the judge's labels can be trusted.

Probes with known answers are planted among the recipe's own sweeps, some sweeps are judged again from scratch, another judge may
look too, what people picked is compared, and what the label stage was told is searched for contradictions. The out is a metrics file that says `passed`;
publishing reads it. A judge that fails is no failure of this command: the numbers are what it is for.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from itertools import groupby, islice

from PIL.Image import Image

from gie.errors import InputError
from labeling.choose import choose_label
from labeling.verdict import PLAIN, Judge, Label, Verdict
from pipeline.auditing.conclusion import conclude
from pipeline.auditing.inquiry import Bench, Case, Cases, Findings, inquire
from pipeline.auditing.people import ask_people
from pipeline.auditing.records import read_verdicts
from pipeline.files import replaced_file
from pipeline.inputs import read_input
from pipeline.judging import OpenJudge, open_judge
from pipeline.ledger import Ledger, default_folder
from pipeline.opening import open_sweep
from pipeline.parquet import read_shards
from pipeline.paths import Paths
from pipeline.png import open_picture
from pipeline.settings import LabelSettings, Recipe
from pipeline.tables import Prompt, SweepImage


def run(recipe: Recipe, paths: Paths) -> None:
    """Write `paths.audit`."""
    verdicts = read_verdicts(paths)
    labels = {prompt_id: choose_label(given) for prompt_id, given in verdicts.items()}
    cases = Cases(list(open_cases(recipe, paths, labels)), open_harmless(recipe, paths))
    settings = recipe.audit
    findings = asyncio.run(_inquire(recipe, paths, cases, verdicts))
    concluded = conclude(findings, settings, recipe.sweep.ladder)
    with replaced_file(paths.audit) as aside:
        aside.write_text(json.dumps(concluded, indent=2) + "\n", encoding="utf-8")


def open_cases(recipe: Recipe, paths: Paths, labels: Mapping[str, Label]) -> Iterator[Case]:
    """The sweeps that the audit may need, in the order of their hashes, so chosen without a look at the pictures; whole ones first.

    Raises:
        InputError: no prompt has a scale; there is nothing to make probes of.
    """
    prompts = read_input(paths.prompts, Prompt, stage="prompts", recipe=recipe.name)
    searched = {prompt.prompt_id for prompt in prompts if recipe.sweep.searches(prompt.split)}
    names = sorted(labels, key=lambda name: (name in searched, name))
    works = [name for name in names if labels[name].outcome == "ok"][: recipe.audit.probes]
    if not works:
        raise InputError(f"{recipe.name}: expected at least one prompt with a scale to make probes of, got none")
    judged = [name for name in names if labels[name].outcome != "unscored"][: recipe.audit.retests]
    wanted = {*works, *judged}
    asked = {prompt.prompt_id: prompt for prompt in prompts if prompt.prompt_id in wanted}
    pictures = (picture for picture in read_shards(paths.sweeps, SweepImage) if picture.prompt_id in asked)
    for name, group in groupby(pictures, key=lambda picture: picture.prompt_id):
        yield Case(name, open_sweep(recipe, asked[name], list(group)), labels[name], asked[name].kind)


def open_harmless(recipe: Recipe, paths: Paths) -> list[Image]:
    """Plain pictures of benign prompts, the first by hash: what the concept is not on, because nobody asked for it."""
    prompts = read_input(paths.prompts, Prompt, stage="prompts", recipe=recipe.name)
    benign = {prompt.prompt_id for prompt in prompts if prompt.kind == "benign"}
    plain = (shot for shot in read_shards(paths.sweeps, SweepImage) if shot.scale == PLAIN and shot.prompt_id in benign)
    return [open_picture(shot.image) for shot in islice(plain, recipe.audit.probes)]


async def _inquire(recipe: Recipe, paths: Paths, cases: Cases, verdicts: Mapping[str, Sequence[Verdict]]) -> Findings:
    """Open the judge that labelled and the second one, each once; ask all of it."""
    settings, ledger = recipe.audit, Ledger(default_folder())
    async with AsyncExitStack() as stack:

        async def enter(judge: LabelSettings) -> OpenJudge:
            return await stack.enter_async_context(open_judge(judge, paths, ledger, device=recipe.model.device))

        judge = await enter(recipe.label)
        second: Judge | None = await enter(settings.second) if settings.second else None
        bench = Bench(judge, judge.afresh(), second)
        found = await inquire(bench, cases, verdicts, probes=settings.probes, retests=settings.retests)
    return replace(found, people=await ask_people(recipe, paths, verdicts, ledger))


def say(paths: Paths) -> str:
    """One line of what the audit found."""
    found = json.loads(paths.audit.read_text(encoding="utf-8"))
    if found["passed"]:
        return "audit: passed"
    return f"audit: not passed ({', '.join(found['failed'])}); its numbers say how far off, params.yaml under audit what is asked"
