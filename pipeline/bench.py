"""Many sweeps before the judge at once, and never more pictures in memory than those.

Sweeps are read as places become free. A bar shows how many are done, how many have no label, what was spent, and what all of them will
cost at this rate.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from tqdm import tqdm

from labeling.judges.chain import has_judged
from labeling.verdict import Sweep, Verdict
from pipeline.judging import OpenJudge

Task = asyncio.Task[Sequence[Verdict]]


@dataclass
class Bench:
    """Puts sweeps before a judge."""

    judge: OpenJudge
    at_once: int
    """Sweeps that are open at one time."""
    verdicts: dict[str, Sequence[Verdict]] = field(default_factory=dict[str, Sequence[Verdict]])
    """Prompt id -> what was said about it, so far."""

    async def run(self, sweeps: Iterable[Sweep], *, total: int, title: str) -> None:
        """Judge all sweeps; what a judge raises ends it, with the sweeps that are open."""
        with tqdm(total=total, desc=title, unit="prompt") as bar:
            open_tasks: dict[Task, str] = {}
            try:
                for sweep in sweeps:
                    open_tasks[asyncio.ensure_future(self.judge.judge(sweep))] = sweep.prompt_id
                    if len(open_tasks) >= self.at_once:
                        await self._collect(open_tasks, bar)
                while open_tasks:
                    await self._collect(open_tasks, bar)
            finally:
                for task in open_tasks:
                    task.cancel()
                await asyncio.gather(*open_tasks, return_exceptions=True)

    async def _collect(self, open_tasks: dict[Task, str], bar: "tqdm[NoReturn]") -> None:
        """Wait for the next sweeps that are done, and take their verdicts."""
        done, _ = await asyncio.wait(open_tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            self.verdicts[open_tasks.pop(task)] = task.result()
        bar.update(len(done))
        bar.set_postfix_str(self._state(bar.total or 0), refresh=False)

    def _state(self, total: int) -> str:
        """Failed so far; dollars, if there are any, spent and projected."""
        failed = sum(not any(map(has_judged, given)) for given in self.verdicts.values())
        spent = self.judge.spent_usd
        projected = spent / len(self.verdicts) * total if self.verdicts else 0.0
        money = f", ${spent:.2f} spent, ${projected:.2f} projected" if spent else ""
        return f"{failed} failed{money}"
