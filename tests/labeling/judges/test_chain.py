"""The next judge is asked where the ones before gave no judgement, and everything said is kept."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from labeling.judges.chain import Chain
from labeling.outcomes import VerdictOutcome
from labeling.verdict import Sweep, Verdict
from tests.support.askers import greys


@dataclass
class Says:
    """Says the same about everything."""

    verdicts: Sequence[Verdict]
    asked: int = 0

    async def judge(self, sweep: Sweep) -> Sequence[Verdict]:
        """Say it."""
        del sweep
        self.asked += 1
        return self.verdicts


GOOD = Says([Verdict("ok", -2.0, judge="good")])


def ask(*judges: Says) -> Sequence[Verdict]:
    """What a chain says."""
    for judge in judges:
        judge.asked = 0
    return asyncio.run(Chain(judges).judge(greys("ttgg")))


def test_first_judgement_ends_the_row() -> None:
    """Nobody is asked for a second opinion."""
    first, second = Says([Verdict("ok", -1.0, judge="first")]), GOOD
    assert [verdict.judge for verdict in ask(first, second)] == ["first"]
    assert second.asked == 0


@pytest.mark.parametrize("outcome", ["refused", "filtered", "invalid", "truncated", "transport"])
def test_next_is_asked_after_every_kind_of_failure(outcome: VerdictOutcome) -> None:
    """Both verdicts are kept, in their order, and say who gave them."""
    verdicts = ask(Says([Verdict(outcome, judge="first", votes=False)]), GOOD)
    assert [(verdict.judge, verdict.outcome) for verdict in verdicts] == [("first", outcome), ("good", "ok")]


def test_half_a_judgement_is_none() -> None:
    """An answer that does not vote leaves the question open."""
    half = Says([Verdict("ok", -1.0, votes=False, judge="half"), Verdict("refused", judge="half")])
    assert [verdict.judge for verdict in ask(half, GOOD)] == ["half", "half", "good"]


def test_judge_without_a_word_is_passed() -> None:
    """A person who has not looked."""
    assert [verdict.judge for verdict in ask(Says([]), GOOD)] == ["good"]
    assert ask(Says([])) == []


def test_spent_money_is_not_replaced_by_a_cheaper_judge() -> None:
    """What was to be paid for stays unjudged, and is said so."""
    verdicts = ask(Says([Verdict("budget", judge="dear", votes=False)]), GOOD)
    assert [verdict.outcome for verdict in verdicts] == ["budget"]
    assert GOOD.asked == 0
