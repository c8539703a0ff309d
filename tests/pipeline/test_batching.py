"""Rounds of batches give the labels that asking directly gives."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from labeling.asking import Answer, Asker, Question
from labeling.choose import choose_label
from labeling.judges.openai import STRATEGIES, AskedJudge
from labeling.verdict import Verdict
from pipeline.batching import in_rounds
from pipeline.judging import AskerMaker
from pipeline.settings import JudgeSettings
from tests.support.askers import Bright, greys

SWEEPS = [greys(pattern) for pattern in ("tttttggggg", "tggggggggg", "tttttttttg", "gggggggggg")]
SETTINGS = JudgeSettings(judge="openai", model="bright")


@dataclass
class Desk:
    """Notes questions; a batch answers them by brightness."""

    model: str = "bright"
    answers: dict[str, Answer] = field(default_factory=dict[str, Answer])
    questions: dict[str, Question] = field(default_factory=dict[str, Question])
    batches: list[int] = field(default_factory=list[int])
    loses: bool = False

    def note(self, settings: JudgeSettings) -> Asker:
        """Itself, for its one judge."""
        assert settings is SETTINGS
        return self

    async def ask(self, question: Question) -> Answer:
        """From what came, else noted."""
        digest = question.digest()
        if digest not in self.answers:
            self.questions[digest] = question
            return Answer("transport", reason="in the batch")
        return self.answers[digest]

    def noted(self) -> frozenset[str]:
        """What waits."""
        return frozenset(self.questions)

    async def carry(self) -> None:
        """One batch."""
        self.batches.append(len(self.questions))
        waiting, self.questions = self.questions, {}
        if not self.loses:
            self.answers |= {digest: await Bright().ask(question) for digest, question in waiting.items()}


def label_all(desk: Desk, strategy: str) -> list[tuple[str, float | None]]:
    """Labels of all sweeps, by batches."""

    async def judge_all(maker: AskerMaker) -> list[Sequence[Verdict]]:
        judge = AskedJudge(maker(SETTINGS), STRATEGIES[strategy])
        return list(await asyncio.gather(*(judge.judge(sweep) for sweep in SWEEPS)))

    labels = [choose_label(given) for given in asyncio.run(in_rounds(desk, judge_all))]
    return [(label.outcome, label.scale) for label in labels]


@pytest.mark.parametrize("strategy", list(STRATEGIES))
def test_labels_are_those_of_asking_directly(strategy: str) -> None:
    """Whatever a strategy asks next depends on what it was told, and is in the next batch."""
    desk = Desk()
    expected = [("ok", -5.0), ("ok", -1.0), ("ok", -9.0), ("absent", None)]
    assert label_all(desk, strategy) == expected


def test_a_question_is_in_one_batch_only() -> None:
    """Two layouts are one batch, and a search is as many as it has steps."""
    sheets, searches = Desk(), Desk()
    label_all(sheets, "sheet")
    label_all(searches, "bisect")
    assert sheets.batches == [2 * len(SWEEPS)]
    assert sum(searches.batches) == len(searches.answers)
    assert 4 < len(searches.batches) < 12


def test_lost_answers_end_it() -> None:
    """What a batch does not answer twice stays missing, with its reason."""
    desk = Desk(loses=True)
    assert label_all(desk, "sheet") == [("unscored", None)] * len(SWEEPS)
    assert len(desk.batches) == 1
