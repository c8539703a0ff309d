"""The label stage: every prompt gets a label or a reason, and nobody is asked twice."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

import pipeline.label
from gie.errors import InputError
from labeling.errors import BudgetError
from labeling.verdict import Sight, Sweep, Verdict
from pipeline.judging import Options
from pipeline.label import run
from pipeline.parquet import read_rows
from pipeline.paths import Paths
from pipeline.seen import read_seen
from pipeline.tables import LabelRow, Prompt, VerdictRow
from tests.support.labelling import LADDER, TruthfulJudge, make_project, make_recipe, onset_of, opens

RECIPE = make_recipe()


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> TruthfulJudge:
    """The judge that the stage opens; the ledger is the test's own."""
    judge = TruthfulJudge()
    monkeypatch.setenv("GIE_LEDGER", str(tmp_path / "ledger"))
    monkeypatch.setattr(pipeline.label, "open_judge", opens(judge))
    return judge


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """A project up to the sweep stage."""
    return make_project(tmp_path / "project", count=10)


def outs(paths: Paths) -> dict[str, bytes]:
    """What the stage wrote."""
    return {path.name: path.read_bytes() for path in paths.labeling.iterdir()}


@pytest.mark.usefixtures("judge")
def test_labels_are_the_judges(paths: Paths) -> None:
    """Each prompt gets the scale that the judge saw work; the ones without the concept are absent."""
    run(RECIPE, paths)
    labels = {row.prompt_id: row for row in read_rows(paths.labels, LabelRow)}
    prompts = read_rows(paths.prompts, Prompt)
    assert set(labels) == {prompt.prompt_id for prompt in prompts}
    for prompt in prompts:
        expected = ("absent", None) if prompt.kind == "benign" else ("ok", onset_of(prompt))
        assert (labels[prompt.prompt_id].outcome, labels[prompt.prompt_id].scale) == expected


@pytest.mark.usefixtures("judge")
def test_verdicts_keep_what_was_seen(paths: Paths) -> None:
    """The table of verdicts gives back what the judge saw on every scale."""
    run(RECIPE, paths)
    row = read_rows(paths.verdicts, VerdictRow)[0]
    assert (row.judge, row.model, row.rubric_version, row.layout) == ("truth", "brightness", "1", "single")
    seen = read_seen(row.seen)
    assert list(seen) == list(LADDER)
    assert (seen[0.0], seen[-12.0]) == (Sight(gone=False, kept=True), Sight(gone=True, kept=False))


@pytest.mark.usefixtures("judge")
def test_metrics_count_every_prompt(paths: Paths) -> None:
    """The counts by outcome, and by kind and outcome, sum to the prompts."""
    run(RECIPE, paths)
    metrics = json.loads(paths.label_metrics.read_text())
    assert metrics["prompts"] == 10
    assert metrics["outcomes"] == {"absent": 2, "ok": 8}
    assert metrics["kinds"]["benign"] == {"absent": 2}
    assert sum(count for kind in metrics["kinds"].values() for count in kind.values()) == 10


def test_second_run_asks_nobody(judge: TruthfulJudge, paths: Paths) -> None:
    """With the outs removed, the ledger gives the very same bytes without a question."""
    run(RECIPE, paths)
    first, asked = outs(paths), len(judge.asked)
    for path in paths.labeling.iterdir():
        path.unlink()
    run(RECIPE, paths)
    assert asked == 10
    assert len(judge.asked) == asked
    assert outs(paths) == first


def test_stopped_run_goes_on(judge: TruthfulJudge, paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """A judge that fails half-way costs only the answer that it did not give."""
    answer = judge.judge

    async def tire(sweep: Sweep) -> Sequence[Verdict]:
        return await answer(sweep) if len(judge.asked) < 4 else 1 / 0  # pyright: ignore[reportReturnType]

    with monkeypatch.context() as failing:
        failing.setattr(judge, "judge", tire)
        with pytest.raises(ZeroDivisionError):
            run(RECIPE, paths)
    assert not paths.labeling.exists()
    run(RECIPE, paths)
    assert len(judge.asked) == len(set(judge.asked)) == 10


@pytest.mark.parametrize(
    "change", [{"rubric_version": "2"}, {"model": "other"}, {"layout": "sheet"}, {"name": "other"}]
)
def test_changed_judge_is_asked_again(judge: TruthfulJudge, paths: Paths, change: dict[str, str]) -> None:
    """Another rubric, model, layout or judge never meets an old answer."""
    run(RECIPE, paths)
    for name, value in change.items():
        setattr(judge, name, value)
    run(RECIPE, paths)
    assert len(judge.asked) == 20


def test_changed_picture_is_judged_again(judge: TruthfulJudge, tmp_path: Path) -> None:
    """Where a picture changed, the sweep is looked at anew."""
    run(RECIPE, make_project(tmp_path / "one", count=3))
    run(RECIPE, make_project(tmp_path / "two", count=3, broken_from=-10.0))
    assert len(judge.asked) == 6


def test_refusal_is_a_row_with_a_reason(judge: TruthfulJudge, paths: Paths) -> None:
    """A prompt that the judge refuses is unscored and counted, never given a scale and never left out."""
    judge.refuses = frozenset({"picture 3"})
    run(RECIPE, paths)
    labels = {row.prompt_id: row for row in read_rows(paths.labels, LabelRow)}
    refused = labels[f"{3:016x}"]
    assert (refused.outcome, refused.scale, refused.reason) == ("unscored", None, "refused: policy")
    assert len(labels) == 10
    metrics = json.loads(paths.label_metrics.read_text())
    assert metrics["outcomes"]["unscored"] == 1
    assert metrics["judges"]["truth"]["single"] == {"ok": 9, "refused": 1}
    assert metrics["missing"] == {"refused": {"whole sweep": 1}}
    assert (metrics["concept"], metrics["refused"]) == ("airplane", 0.1)


def test_missing_sweep_is_said(tmp_path: Path) -> None:
    """Without the stage before there is one line that names it."""
    with pytest.raises(InputError, match="run gie prompts smoke-airplane first"):
        run(RECIPE, Paths(tmp_path, "smoke-airplane"))


def test_reached_budget_leaves_a_valid_partial_table(judge: TruthfulJudge, paths: Paths) -> None:
    """The command says so, the tables hold what was paid for, and with more money it goes on without asking again."""
    judge.paid_for = 4
    with pytest.raises(BudgetError, match="6 of 10 prompts are not judged"):
        run(RECIPE, paths)
    labels = read_rows(paths.labels, LabelRow)
    assert Counter(row.outcome == "unscored" for row in labels) == {True: 6, False: 4}
    assert {row.reason for row in labels if row.outcome == "unscored"} == {"budget: the money is spent"}
    judge.paid_for = None
    run(RECIPE, paths)
    assert len(judge.asked) == 16
    assert all(row.outcome != "unscored" for row in read_rows(paths.labels, LabelRow))


def test_replay_gives_the_same_bytes_and_asks_nobody(judge: TruthfulJudge, paths: Paths) -> None:
    """From the ledger alone; what is not there is missing with that reason."""
    run(RECIPE, paths)
    first = outs(paths)
    run(RECIPE, paths, Options(replay=True))
    assert outs(paths) == first
    assert len(judge.asked) == 10
    judge.rubric_version = "2"
    run(RECIPE, paths, Options(replay=True))
    labels = read_rows(paths.labels, LabelRow)
    assert {(row.outcome, row.reason) for row in labels} == {("unscored", "transport: not in the ledger")}
    assert len(judge.asked) == 10


def test_verdict_that_was_settled_by_others_teaches_nothing(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of several answers about a prompt the table keeps all, and the label follows those that vote."""
    judge = Doubtful()
    monkeypatch.setattr(pipeline.label, "open_judge", opens(judge))
    run(RECIPE, paths)
    rows = read_rows(paths.verdicts, VerdictRow)
    labels = read_rows(paths.labels, LabelRow)
    assert Counter((row.layout, row.votes) for row in rows) == {("first", False): 10, ("single", True): 10}
    assert {row.votes for row in labels} == {1}
    assert {row.scale for row in labels if row.outcome == "ok"} == {-4.0, -8.0}


class Doubtful(TruthfulJudge):
    """Gives a wrong answer first, and settles it."""

    async def judge(self, sweep: Sweep) -> Sequence[Verdict]:
        """Two verdicts, of which the second votes."""
        (truth,) = await super().judge(sweep)
        return [replace(truth, scale=-12.0, votes=False, layout="first"), truth]
