"""`gie label RECIPE_OR_FOLDER --batch`: the same labels by offline batches, at half the price and within a day.

All sweeps are judged in passes. In each, what the ledger cannot answer is written down, handed in together, waited for, and kept in the
ledger; the next pass asks what follows from it. Two layouts are one batch, a bisection some eight. The last pass is a replay. A stopped run goes on
with the batches that it handed in.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from gie.errors import InputError
from labeling.asking import Answer, Asker, Question
from pipeline.judging import AskerMaker, Options
from pipeline.ledger import Ledger, ledger_key
from pipeline.settings import JudgeSettings, LabelSettings

T = TypeVar("T")
POLL_S = 30.0


async def judge_in_batches(
    settings: LabelSettings,
    ledger: Ledger,
    options: Options,
    judge_all: Callable[[Options], Awaitable[T]],
    *,
    poll_s: float = POLL_S,
) -> T:
    """What `judge_all` gives when the batches have answered what they could.

    Args:
        settings: the judges; the one behind an endpoint is asked by batches.
        ledger: where the answers go; the files of requests lie beside them until they are answered.
        options: of this run.
        judge_all: one pass over all sweeps.
        poll_s: how often the endpoint is asked whether a batch is over.
    """
    from labeling.endpoint.batch import BatchedAsking
    from labeling.endpoint.probe import probe
    from pipeline.endpoints import make_endpoint, remembering

    asked = asked_judge(settings)
    async with make_endpoint(asked, most_usd=options.max_cost_usd) as endpoint:
        endpoint.dialect = (await probe(endpoint)).dialect
        rounds = BatchedAsking(endpoint, ledger, _folder(ledger, asked), poll_s=poll_s)
        await rounds.run(lambda asker: judge_all(replace(options, asker=_always(asker))))
        replaying = remembering(endpoint, ledger, replay=True)
        return await judge_all(replace(options, asker=_always(Unpaid(replaying) if rounds.reached else replaying)))


def asked_judge(settings: LabelSettings) -> JudgeSettings:
    """The judge that is asked by batches; raises InputError unless it is exactly one."""
    behind = [one for one in (settings, *settings.then) if one.judge == "openai"]
    if len(behind) != 1:
        raise InputError(f"--batch: expected one judge openai in label, got {len(behind)}; leave --batch out")
    return behind[0]


@dataclass(frozen=True)
class Unpaid:
    """Says of what the ledger lacks that the money was short; an `Asker`."""

    asker: Asker

    @property
    def model(self) -> str:
        """The asked one's."""
        return self.asker.model

    async def ask(self, question: Question) -> Answer:
        """From the ledger alone."""
        answer = await self.asker.ask(question)
        return Answer("budget", reason="no room in the budget") if answer.outcome == "transport" else answer


def _always(asker: Asker) -> AskerMaker:
    return lambda _: asker


def _folder(ledger: Ledger, settings: JudgeSettings) -> Path:
    """Of the requests to one endpoint and model."""
    name = ledger_key(what="batches", base_url=settings.base_url, model=settings.model)[:16]
    return ledger.folder / "batches" / name
