"""A model behind an API that is asked about pictures: a strategy puts the questions, an asker carries them.

Everything about HTTP, retries and money is the asker's. The answers are what is paid for, and they are what is remembered: a verdict is
read from them anew each time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from labeling.asking import Asker
from labeling.rubric import VERSION
from labeling.strategies.bisection import Bisection
from labeling.strategies.multi import MULTI
from labeling.strategies.pairwise import Pairwise
from labeling.strategies.sheet import SHEET
from labeling.strategies.strategy import Strategy
from labeling.verdict import Sweep, Verdict

STRATEGIES: dict[str, Strategy] = {"sheet": SHEET, "multi": MULTI, "bisect": Bisection(), "pairwise": Pairwise()}


@dataclass(frozen=True)
class AskedJudge:
    """A `labeling.verdict.Judge`."""

    asker: Asker
    strategy: Strategy
    name: str = "openai"

    @property
    def rubric_version(self) -> str:
        """Of the words and of the way they are put."""
        return f"{VERSION}+{self.strategy.version}"

    async def judge(self, sweep: Sweep) -> Sequence[Verdict]:
        """The strategy's verdicts, signed."""
        verdicts = await self.strategy.judge(sweep, self.asker)
        return [
            replace(verdict, judge=self.name, model=self.asker.model, rubric_version=self.rubric_version)
            for verdict in verdicts
        ]
