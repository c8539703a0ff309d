"""Many sweeps at once, and never more than that."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest
from PIL import Image

from labeling.verdict import Sweep, Verdict
from pipeline.bench import Bench
from pipeline.judging import OpenJudge

PICTURE = Image.new("RGB", (2, 2))


@dataclass
class Slow:
    """Takes a moment for each sweep, and counts who is with it."""

    here: int = 0
    most: int = 0
    read: int = 0
    ahead: int = 0
    fails_at: str = ""
    cancelled: list[str] = field(default_factory=list[str])

    async def judge(self, sweep: Sweep) -> Sequence[Verdict]:
        """One verdict."""
        self.here += 1
        self.most = max(self.most, self.here)
        try:
            await asyncio.sleep(0 if sweep.prompt_id == self.fails_at else 0.001)
            if sweep.prompt_id == self.fails_at:
                raise ZeroDivisionError
        except asyncio.CancelledError:
            self.cancelled.append(sweep.prompt_id)
            raise
        finally:
            self.here -= 1
            self.read -= 1
        return [Verdict("ok", -1.0, model=sweep.prompt_id)]

    def sweeps(self, count: int) -> Iterator[Sweep]:
        """Sweeps, counted as they are read."""
        for number in range(count):
            self.read += 1
            self.ahead = max(self.ahead, self.read)
            yield Sweep("p", "", "c", (), {0.0: PICTURE, -1.0: PICTURE}, str(number))


def test_sweeps_are_open_together_but_not_more_than_allowed() -> None:
    """The judge has as many as are allowed, and no more pictures are read than it looks at."""
    slow = Slow()
    bench = Bench(OpenJudge([slow]), at_once=4)
    asyncio.run(bench.run(slow.sweeps(30), total=30, title="sweeps"))
    assert (slow.most, slow.ahead) == (4, 4)
    assert {name: given[0].model for name, given in bench.verdicts.items()} == {str(n): str(n) for n in range(30)}


def test_what_a_judge_raises_ends_the_others_too() -> None:
    """Nothing goes on behind a failed stage's back."""
    slow = Slow(fails_at="1")
    with pytest.raises(ZeroDivisionError):
        asyncio.run(Bench(OpenJudge([slow]), at_once=4).run(slow.sweeps(30), total=30, title="sweeps"))
    assert slow.here == 0
    assert slow.cancelled


def test_bar_tells_failures_and_money(capsys: pytest.CaptureFixture[str]) -> None:
    """Done, failed, spent, and what all of it will cost."""
    slow = Slow()
    bench = Bench(OpenJudge([slow], purses=[lambda: 0.5]), at_once=1)
    asyncio.run(bench.run(slow.sweeps(4), total=8, title="sweeps"))
    last = capsys.readouterr().err.split("\r")[-1]
    assert "4/8" in last
    assert "0 failed, $0.50 spent, $1.00 projected" in last
