"""The asking of an audit: every probe, every retest, and the second judge, side by side."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from labeling.choose import choose_label
from labeling.verdict import Judge, Label, Sweep, Verdict
from pipeline.auditing.answers import Reply
from pipeline.auditing.probes import PLANTERS, ProbeKind, plant

AT_ONCE = 16
"""Sweeps that are open together: their pictures are in memory."""
T = TypeVar("T")


@dataclass(frozen=True)
class Case:
    """One real sweep with the judge's label."""

    prompt_id: str
    sweep: Sweep
    label: Label


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
    verdicts: Mapping[str, Sequence[Verdict]]
    """Prompt -> everything that the label stage was told."""
    cost_usd: float
    """Of the probes, the retests and the second judge."""


async def inquire(
    bench: Bench, cases: Sequence[Case], verdicts: Mapping[str, Sequence[Verdict]], *, probes: int, retests: int
) -> Findings:
    """Ask all of it; `cases` come in the order in which they are taken."""
    works = [case for case in cases if case.label.outcome == "ok"][:probes]
    replies = await _together(
        [_reply(bench, kind, case, verdicts[case.prompt_id]) for kind in PLANTERS for case in works]
    )
    real = cases[:retests]
    repeated = await _together([bench.again.judge(case.sweep) for case in real])
    others = await _together([bench.second.judge(case.sweep) for case in real]) if bench.second else []
    paid = [*(reply.verdicts for reply in replies), *repeated, *others]
    return Findings(
        replies=replies,
        retests=[(case.label, choose_label(given)) for case, given in zip(real, repeated, strict=True)],
        seconds=[(case.label, choose_label(given)) for case, given in zip(real, others, strict=False)],
        verdicts=verdicts,
        cost_usd=sum(verdict.cost_usd for given in paid for verdict in given),
    )


async def _reply(bench: Bench, kind: ProbeKind, case: Case, before: Sequence[Verdict]) -> Reply:
    assert case.label.scale is not None
    probe = plant(kind, case.prompt_id, case.sweep, case.label.scale)
    return Reply(probe, await bench.judge.judge(probe.sweep), before)


async def _together(questions: Sequence[Awaitable[T]]) -> list[T]:
    """All answers in order; at most `AT_ONCE` under way."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def wait(question: Awaitable[T]) -> T:
        async with gate:
            return await question

    return list(await asyncio.gather(*map(wait, questions)))
