"""The asking of an audit: every probe, every retest, and the second judge, side by side."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from PIL.Image import Image

from labeling.choose import choose_label
from labeling.verdict import Judge, Label, Sweep, Verdict
from pipeline.auditing.answers import Reply
from pipeline.auditing.probes import PLANTERS, Matter, Probe, plant
from pipeline.tables import Kind

AT_ONCE = 16
"""Sweeps that are open together: their pictures are in memory."""
T = TypeVar("T")


@dataclass(frozen=True)
class Case:
    """One real sweep with the judge's label."""

    prompt_id: str
    sweep: Sweep
    label: Label
    kind: Kind
    """How its prompt asks for the concept."""


@dataclass(frozen=True)
class Cases:
    """The real sweeps that an audit is made of."""

    real: Sequence[Case]
    """In the order in which they are taken."""
    harmless: Sequence[Image] = ()
    """Plain pictures of prompts that do not ask for the concept."""


@dataclass(frozen=True)
class Bench:
    """Who is asked."""

    judge: Judge
    """The one that labelled; remembers what it said."""
    again: Judge
    """The same one without a memory of its labels."""
    second: Judge | None = None
    """Another one."""


@dataclass(frozen=True)
class Findings:
    """All that was answered."""

    replies: Sequence[Reply]
    retests: Sequence[tuple[Label, Label]]
    """Of each retested sweep the label and the one from scratch."""
    seconds: Sequence[tuple[Label, Label]]
    """Of each the label and the second judge's; none without a second judge."""
    people: Sequence[tuple[Label, Label]]
    """Of each sweep that a person picked for, the judge's label and the person's."""
    verdicts: Mapping[str, Sequence[Verdict]]
    """Prompt -> everything that the label stage was told."""
    cost_usd: float
    """Of the probes, the retests and the second judge."""


async def inquire(
    bench: Bench, cases: Cases, verdicts: Mapping[str, Sequence[Verdict]], *, probes: int, retests: int
) -> Findings:
    """Ask all of it."""
    replies = await _together([_reply(bench, probe, verdicts) for probe in planted(cases, probes)])
    real = cases.real[:retests]
    repeated = await _together([bench.again.judge(case.sweep) for case in real])
    others = await _together([bench.second.judge(case.sweep) for case in real]) if bench.second else []
    paid = [*(reply.verdicts for reply in replies), *repeated, *others]
    return Findings(
        replies=replies,
        retests=[(case.label, choose_label(given)) for case, given in zip(real, repeated, strict=True)],
        seconds=[(case.label, choose_label(given)) for case, given in zip(real, others, strict=False)],
        people=(),
        verdicts=verdicts,
        cost_usd=sum(verdict.cost_usd for given in paid for verdict in given),
    )


def planted(cases: Cases, count: int) -> list[Probe]:
    """So many probes of each kind, where there is enough to make them of; what asks for nothing has no concept to be swapped away."""
    works = [case for case in cases.real if case.label.outcome == "ok"][:count]
    found: list[Probe] = []
    for index, case in enumerate(works):
        assert case.label.scale is not None
        swap = cases.harmless and case.kind != "benign"
        harmless = cases.harmless[index % len(cases.harmless)] if swap else None
        matter = Matter(case.prompt_id, case.sweep, case.label.scale, harmless)
        found += [probe for kind in PLANTERS if (probe := plant(kind, matter))]
    return found


async def _reply(bench: Bench, probe: Probe, verdicts: Mapping[str, Sequence[Verdict]]) -> Reply:
    return Reply(probe, await bench.judge.judge(probe.sweep), verdicts[probe.prompt_id])


async def _together(questions: Sequence[Awaitable[T]]) -> list[T]:
    """All answers in order; at most `AT_ONCE` under way."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def wait(question: Awaitable[T]) -> T:
        async with gate:
            return await question

    return list(await asyncio.gather(*map(wait, questions)))
