"""People's picks: from a table or from the memory, about these very pictures."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from labeling.choose import choose_label
from labeling.errors import LabelingError
from labeling.judges.human import HumanJudge, Pick, read_pick, read_table, write_pick
from labeling.verdict import Sweep, Verdict
from pipeline.ledger import Ledger
from tests.support.askers import greys

SWEEP = greys("ttgggg")


def judged(judge: HumanJudge, sweep: Sweep = SWEEP) -> list[Verdict]:
    """All verdicts about a sweep."""
    return list(asyncio.run(judge.judge(sweep)))


@pytest.mark.parametrize(
    "pick", [Pick(outcome="ok", scale=-3.0, by="ann"), Pick(outcome="absent"), Pick(outcome="none_works", by="bo")]
)
def test_pick_becomes_the_label(tmp_path: Path, pick: Pick) -> None:
    """A scale, absent or none_works: the label says what the person said, and who."""
    ledger = Ledger(tmp_path)
    write_pick(ledger, SWEEP, pick)
    assert read_pick(ledger, SWEEP) == pick
    (verdict,) = judged(HumanJudge(ledger))
    label = choose_label([verdict])
    assert (label.outcome, label.scale) == (pick.outcome, pick.scale)
    assert (verdict.judge, verdict.model) == ("human", pick.by)


def test_later_pick_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    """People may change their minds."""
    ledger = Ledger(tmp_path)
    write_pick(ledger, SWEEP, Pick(outcome="ok", scale=-3.0))
    write_pick(ledger, SWEEP, Pick(outcome="ok", scale=-2.0))
    assert judged(HumanJudge(ledger))[0].scale == -2.0


def test_pick_belongs_to_the_pictures(tmp_path: Path) -> None:
    """A sweep drawn anew, or asked about otherwise, has not been looked at; its id alone is no proof."""
    ledger = Ledger(tmp_path)
    write_pick(ledger, SWEEP, Pick(outcome="absent"))
    assert judged(HumanJudge(ledger), replace(SWEEP, prompt_id="elsewhere"))
    assert judged(HumanJudge(ledger), replace(SWEEP, images=greys("tttggg").images)) == []
    assert judged(HumanJudge(ledger), replace(SWEEP, concept="dog")) == []


def test_table_is_read_by_prompt(tmp_path: Path) -> None:
    """One row a prompt; prompts that are not in it have no verdict."""
    path = tmp_path / "labels.csv"
    path.write_text("prompt_id,scale,outcome,by\np1,-3,ok,ann\np2,,none_works,ann\n")
    judge = HumanJudge(Ledger(tmp_path / "ledger"), read_table(path))
    assert judged(judge)[0].scale == -3.0
    assert choose_label(judged(judge, replace(SWEEP, prompt_id="p2"))).outcome == "none_works"
    assert judged(judge, replace(SWEEP, prompt_id="p3")) == []


def test_scale_that_was_not_swept_is_invalid(tmp_path: Path) -> None:
    """It is said, and no neighbour is taken instead."""
    ledger = Ledger(tmp_path)
    write_pick(ledger, SWEEP, Pick(outcome="ok", scale=-3.5))
    (verdict,) = judged(HumanJudge(ledger))
    assert (verdict.outcome, verdict.scale) == ("invalid", None)
    assert "expected one of the sweep's scales, got -3.5" in verdict.reason


@pytest.mark.parametrize(("text", "said"), [
    ("prompt_id,scale,outcome\np1,,ok\n", "line 2: .*expected a scale with ok"),
    ("prompt_id,scale,outcome\np1,-1,ok\np2,-1,absent\n", "line 3: .*expected a scale with ok and with nothing else"),
    ("prompt_id,scale,outcome\np1,strong,ok\n", "line 2: .*valid number"),
    ("prompt_id,scale,outcome\np1,-1,fine\n", "line 2: "),
    ("id,scale,outcome\np1,-1,ok\n", "expected the columns prompt_id, scale, outcome, got id, scale, outcome"),
    ("", "got none"),
])  # fmt: skip
def test_table_with_a_mistake_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """With the line."""
    path = tmp_path / "labels.csv"
    path.write_text(text)
    with pytest.raises(LabelingError, match=said):
        read_table(path)


def test_missing_table_is_said(tmp_path: Path) -> None:
    """With the setting that names it."""
    with pytest.raises(LabelingError, match=r"got no file at .*no\.csv; set label\.labels"):
        read_table(tmp_path / "no.csv")
