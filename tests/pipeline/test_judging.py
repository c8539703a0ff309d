"""The judges of a recipe, opened."""

import asyncio
from pathlib import Path

import pytest

from labeling.asking import Answer, Question
from labeling.errors import LabelingError
from labeling.judges.openai import AskedJudge
from labeling.judges.remembered import Remembered
from labeling.verdict import Judge
from pipeline.judging import USUAL, OpenJudge, Options, open_computing, open_judge
from pipeline.ledger import Ledger
from pipeline.paths import Paths
from pipeline.settings import JudgeSettings, LabelSettings
from tests.support.labelling import make_recipe
from tests.support.tiny_clip import write_tiny_clip

LOCAL = make_recipe().label


class Nobody:
    """Answers nothing, and keeps the questions."""

    model = "nobody"

    def __init__(self) -> None:
        self.questions: list[Question] = []

    async def ask(self, question: Question) -> Answer:
        """Refuse."""
        self.questions.append(question)
        return Answer("refused", reason="nobody is there")


def opened(settings: LabelSettings, folder: Path, options: Options = USUAL) -> list[Judge]:
    """The judges that are opened in a project folder."""

    async def look() -> list[Judge]:
        paths, ledger = Paths(folder, "x"), Ledger(folder / "ledger")
        async with open_judge(settings, paths, ledger, device="cpu", options=options) as judge:
            return list(judge.judges)

    return asyncio.run(look())


def test_local_judge_is_opened_from_the_recipe(tmp_path: Path) -> None:
    """The recipe's words, limits and strategy reach the judge."""
    write_tiny_clip(tmp_path / "clip")
    settings = LOCAL.model_copy(update={"model": "clip"})
    judge = open_computing(settings, Paths(tmp_path, "x"), device="cpu")
    other = open_computing(settings.model_copy(update={"gone_below": 0.2}), Paths(tmp_path, "x"), device="cpu")
    third = open_computing(settings.model_copy(update={"strategy": "bisect"}), Paths(tmp_path, "x"), device="cpu")
    assert judge.name == "local"
    assert judge.model.startswith("clip@")
    assert judge.rubric_version != other.rubric_version
    assert (judge.layout, third.layout) == ("single", "bisection")


def test_missing_model_is_said(tmp_path: Path) -> None:
    """A folder that is not there is one line."""
    with pytest.raises(LabelingError, match="expected a folder with a CLIPModel"):
        opened(LOCAL, tmp_path)


def test_chain_is_opened_in_its_order(tmp_path: Path) -> None:
    """The first judge, then those after it, each of its kind; what computes is remembered."""
    write_tiny_clip(tmp_path / "clip")
    local = JudgeSettings(judge="local", model="clip")
    settings = LabelSettings(judge="openai", model="m", strategy="multi", then=(local, JudgeSettings(judge="human")))
    asked, remembered, human = opened(settings, tmp_path, Options(asker=lambda _: Nobody()))
    assert isinstance(asked, AskedJudge)
    assert (asked.asker.model, asked.strategy.version) == ("nobody", "multi-1")
    assert isinstance(remembered, Remembered)
    assert type(human).__name__ == "HumanJudge"


def test_asking_from_scratch_is_another_question(tmp_path: Path) -> None:
    """An endpoint is asked the repeated question, and what computes looks without its memory: the same model, opened once."""
    write_tiny_clip(tmp_path / "clip")
    settings = LabelSettings(judge="openai", model="m", then=(JudgeSettings(judge="local", model="clip"),))
    nobody = Nobody()
    before = opened(settings, tmp_path, Options(asker=lambda _: nobody))
    asked, local = OpenJudge(before).afresh().judges
    assert isinstance(asked, AskedJudge)
    asyncio.run(asked.asker.ask(Question("", ("?",), {}, "x", 1)))
    assert [question.repeat for question in nobody.questions] == [1]
    assert isinstance(before[1], Remembered)
    assert before[1].judge_anew is local
