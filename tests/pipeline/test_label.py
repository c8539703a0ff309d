"""The label stage: every prompt gets a label or a reason, and nobody is asked twice."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

import pipeline.label
from gie.errors import InputError
from labeling.errors import LabelingError
from labeling.verdict import Sight, Sweep, Verdict
from pipeline.label import open_judge, run
from pipeline.parquet import read_rows
from pipeline.paths import Paths
from pipeline.seen import read_seen
from pipeline.tables import LabelRow, Prompt, VerdictRow
from tests.support.labelling import LADDER, TruthfulJudge, make_project, make_recipe, onset_of
from tests.support.tiny_clip import write_tiny_clip

RECIPE = make_recipe()


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> TruthfulJudge:
    """The judge that the stage opens; the ledger is the test's own."""
    judge = TruthfulJudge()
    monkeypatch.setenv("GIE_LEDGER", str(tmp_path / "ledger"))
    monkeypatch.setattr(pipeline.label, "open_judge", lambda *_, **__: judge)
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
    assert json.loads(paths.label_metrics.read_text())["outcomes"]["unscored"] == 1


def test_missing_sweep_is_said(tmp_path: Path) -> None:
    """Without the stage before there is one line that names it."""
    with pytest.raises(InputError, match="run gie prompts smoke-airplane first"):
        run(RECIPE, Paths(tmp_path, "smoke-airplane"))


def test_local_judge_is_opened_from_the_recipe(tmp_path: Path) -> None:
    """The recipe's words and limits reach the judge."""
    write_tiny_clip(tmp_path / "clip")
    settings = RECIPE.label.model_copy(update={"model": "clip"})
    judge = open_judge(settings, Paths(tmp_path, "x"), device="cpu")
    other = open_judge(settings.model_copy(update={"gone_below": 0.2}), Paths(tmp_path, "x"), device="cpu")
    assert judge.name == "local"
    assert judge.model.startswith("clip@")
    assert judge.rubric_version != other.rubric_version


def test_judge_that_is_not_there_is_said(tmp_path: Path) -> None:
    """A missing model folder, and a judge that this version lacks, are one line each."""
    with pytest.raises(LabelingError, match="expected a folder with a CLIPModel"):
        open_judge(RECIPE.label, Paths(tmp_path, "x"), device="cpu")
    with pytest.raises(InputError, match=r"label\.judge: expected local, got openai"):
        open_judge(RECIPE.label.model_copy(update={"judge": "openai"}), Paths(tmp_path, "x"), device="cpu")
