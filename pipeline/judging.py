"""The judges that a recipe names, opened: models read, connections made, the ledger behind them.

One place knows every kind of judge; the stages know a `labeling.verdict.Judge` and nothing more.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from labeling.asking import Answer, Asker, Question
from labeling.judges.chain import Chain
from labeling.judges.human import HumanJudge, read_table
from labeling.judges.openai import STRATEGIES, AskedJudge
from labeling.judges.remembered import NamedJudge, Remembered
from labeling.verdict import Judge, Sweep, Verdict
from pipeline.device import looking_device
from pipeline.ledger import Ledger
from pipeline.paths import Paths
from pipeline.settings import JudgeSettings, LabelSettings

if TYPE_CHECKING:
    from labeling.judges.local import LocalJudge

AskerMaker = Callable[[JudgeSettings], Asker]
"""Makes who carries the questions instead of an endpoint."""


@dataclass(frozen=True)
class Options:
    """How this one run asks; nothing here changes what an answer says."""

    replay: bool = False
    """Answer from the ledger alone."""
    max_cost_usd: float | None = None
    """Spend no more; instead of the recipe's own limit."""
    batch: bool = False
    """Ask by offline batches."""
    asker: AskerMaker | None = None
    """Who carries the questions; None: endpoints."""


USUAL = Options()


@dataclass(frozen=True)
class OpenJudge:
    """The chain of a recipe, ready; a `labeling.verdict.Judge`."""

    judges: Sequence[Judge]
    purses: Sequence[Callable[[], float]] = field(default=())
    """Each tells the dollars that one of the judges has spent in this run."""

    async def judge(self, sweep: Sweep) -> Sequence[Verdict]:
        """Ask one after the other, until one judges."""
        return await Chain(self.judges).judge(sweep)

    def afresh(self) -> "OpenJudge":
        """The same judges without a memory of what they said; nothing is opened twice."""
        return replace(self, judges=[_afresh(judge) for judge in self.judges])

    @property
    def spent_usd(self) -> float:
        """Dollars that this run has paid so far."""
        return sum(spent() for spent in self.purses)


@asynccontextmanager
async def open_judge(
    settings: LabelSettings, paths: Paths, ledger: Ledger, *, device: str, options: Options = USUAL
) -> AsyncGenerator[OpenJudge]:
    """The judges that the recipe names, as long as the block lasts.

    Raises:
        InputError, LabelingError: one of them is not there.
    """
    async with AsyncExitStack() as stack:
        judges: list[Judge] = []
        purses: list[Callable[[], float]] = []
        for one in (settings, *settings.then):
            if one.judge == "openai":
                asker, purse = await _open_asker(one, ledger, options, stack)
                judges.append(AskedJudge(asker, STRATEGIES[one.strategy or "sheet"]))
                purses.append(purse)
            elif one.judge == "human":
                table = read_table(paths.inside(one.labels)) if one.labels else None
                judges.append(HumanJudge(ledger, table))
            else:
                judges.append(Remembered(open_computing(one, paths, device=device), ledger, options.replay))
        yield OpenJudge(judges, purses)


def open_computing(settings: JudgeSettings, paths: Paths, *, device: str) -> NamedJudge:
    """A judge that needs no endpoint: `local` or `detector`."""
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # a bar over the weights hides the one that counts prompts
    local = _open_local(settings, paths, looking_device(device))
    if settings.judge == "local":
        return local
    from labeling.judges.detector import DetectorJudge
    from labeling.judges.detectors import DETECTORS

    return DetectorJudge(DETECTORS[settings.detector](), local, settings.gone_below)


def _open_local(settings: JudgeSettings, paths: Paths, device: str) -> "LocalJudge":
    from labeling.judges.local import BISECTION, SINGLE, LocalJudge
    from labeling.judges.scenes import Rubric

    rubric = Rubric(
        contrasts=settings.contrasts,
        attributes=settings.attributes,
        broken=settings.broken,
        gone_below=settings.gone_below,
        kept_above=settings.kept_above,
        names=settings.names,
    )
    judge = LocalJudge.from_folder(paths.inside(settings.model), rubric, device=device)
    return replace(judge, layout=BISECTION if settings.strategy == "bisect" else SINGLE)


def _afresh(judge: Judge) -> Judge:
    """What computes looks again; what is asked is asked another time; a person has said what there is to say."""
    if isinstance(judge, Remembered):
        return judge.judge_anew
    return replace(judge, asker=Repeating(judge.asker)) if isinstance(judge, AskedJudge) else judge


async def _open_asker(
    settings: JudgeSettings, ledger: Ledger, options: Options, stack: AsyncExitStack
) -> tuple[Asker, Callable[[], float]]:
    """Who carries the questions of one judge, and what tells its spending."""
    if options.asker:
        return options.asker(settings), lambda: 0.0
    from pipeline.endpoints import Probed, make_endpoint, remembering

    endpoint = await stack.enter_async_context(make_endpoint(settings, most_usd=options.max_cost_usd))
    several = settings.strategy not in {None, "sheet"}
    asker = remembering(Probed(endpoint, several), ledger, replay=options.replay)
    return asker, lambda: endpoint.progress.spent_usd


@dataclass(frozen=True)
class Repeating:
    """Asks every question another time, as a question of its own that is remembered by itself; an `Asker`."""

    asker: Asker

    @property
    def model(self) -> str:
        """The asked one's."""
        return self.asker.model

    async def ask(self, question: Question) -> Answer:
        """Ask it again."""
        return await self.asker.ask(replace(question, repeat=question.repeat + 1))
