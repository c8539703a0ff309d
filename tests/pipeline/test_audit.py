"""The audit: a judge that does not look is caught, one that does passes, and every number says how sure it is."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

import pipeline.audit
import pipeline.label
from gie.errors import InputError
from labeling.judges.human import Pick, write_pick
from labeling.verdict import Label
from pipeline.label import read_sweeps
from pipeline.ledger import Ledger, default_folder
from pipeline.parquet import read_rows
from pipeline.paths import Paths
from pipeline.settings import AuditSettings, Recipe
from pipeline.tables import Prompt
from tests.support.judges import FirstCell, Honest, Moody, Stubborn, look
from tests.support.labelling import LADDER, make_project, make_prompt, make_recipe, onset_of, opens

RECIPE = make_recipe()


def audited(paths: Paths, judge: Honest, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> dict[str, Any]:
    """What the audit writes about a judge that has labelled the project."""
    for stage in (pipeline.label, pipeline.audit):
        monkeypatch.setattr(stage, "open_judge", opens(judge))
    recipe: Recipe = RECIPE.model_copy(update={"audit": AuditSettings(**changes)})
    pipeline.label.run(recipe, paths)
    pipeline.audit.run(recipe, paths)
    return json.loads(paths.audit.read_text())


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """A project of 40 prompts up to the sweep stage."""
    return make_project(tmp_path / "project", count=40)


def test_an_honest_judge_passes(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every probe, and the pick goes with the pictures."""
    found = audited(paths, Honest(), monkeypatch)
    assert found["passed"] is True, found["failed"]
    assert {kind: probe["value"] for kind, probe in found["probes"].items()} == dict.fromkeys(found["probes"], 1.0)
    assert found["position"]["value"] == pytest.approx(1)
    assert found["retest"]["within_one_step"]["value"] == 1


@pytest.mark.parametrize("often", [1.0, 0.3])
def test_a_judge_that_takes_the_first_cell_is_caught(
    paths: Paths, monkeypatch: pytest.MonkeyPatch, often: float
) -> None:
    """With 40 prompts, be it always or three times in ten; a judge that agrees with itself perfectly all the same."""
    found = audited(paths, FirstCell(often=often), monkeypatch)
    assert found["passed"] is False
    assert {"probes.anchor", "probes.black"} <= set(found["failed"])
    if often == 1:
        assert found["retest"]["within_one_step"]["value"] == 1
        assert found["position"]["value"] == pytest.approx(0)


def test_a_judge_that_wanders_is_caught(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """By planted steps and by asking again; the lack of sights alone is no fault."""
    found = audited(paths, Moody(), monkeypatch)
    assert {"probes.step", "retest"} <= set(found["failed"])
    assert not {"probes.swapped", "probes.duplicate", "probes.shuffled", "probes.anchor"} & set(found["failed"])


def test_a_judge_that_is_always_wrong_in_the_same_way_is_caught(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """By pictures that nobody asked the concept of, and by these alone: its own word says nothing against it."""
    found = audited(paths, Stubborn(), monkeypatch)
    assert found["failed"] == ["probes.swapped"]
    assert found["probes"]["step"]["value"] == 1
    assert found["probes"]["swapped"]["n"] == 20


def pick_all(paths: Paths, *, off: int) -> None:
    """A person's picks for every sweep, `off` steps beside the truth."""
    prompts = {prompt.prompt_id: prompt for prompt in read_rows(paths.prompts, Prompt)}
    for sweep in read_sweeps(RECIPE, paths, list(prompts.values())):
        prompt = prompts[sweep.prompt_id]
        scale = LADDER[LADDER.index(onset_of(prompt)) + off]
        pick = Pick(outcome="absent") if prompt.kind == "benign" else Pick(outcome="ok", scale=scale)
        write_pick(Ledger(default_folder()), sweep, pick)


@pytest.mark.parametrize(("off", "kappa"), [(0, 1.0), (1, 0.87)])
def test_people_are_compared(paths: Paths, monkeypatch: pytest.MonkeyPatch, off: int, kappa: float) -> None:
    """What was picked on the review page, with the judge's labels; a step apart costs kappa and is still within one step."""
    pick_all(paths, off=off)
    people = audited(paths, Honest(), monkeypatch)["people"]
    assert people["quadratic_kappa"]["value"] == pytest.approx(kappa, abs=0.01)
    assert people["within_one_step"]["value"] == 1
    assert people["ordinal_alpha"]["n"] == 40


def test_people_who_surely_disagree_fail_the_judge(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """And no others: without picks there is nothing to say, and two picks are not enough for it."""
    assert audited(paths, FirstCell(), monkeypatch)["people"] == {}
    pick_all(paths, off=0)
    found = audited(paths, FirstCell(), monkeypatch)
    assert "people" in found["failed"]
    assert found["people"]["quadratic_kappa"]["high"] < 0.6


def test_people_s_table_is_read(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """Instead of the review page's picks; a scale that the sweep lacks is no rating."""
    lines = ["prompt_id,scale,outcome", "0000000000000000,-8,ok", "0000000000000001,-4,ok", "0000000000000003,-5.5,ok"]
    (paths.root / "people.csv").write_text("\n".join(lines))
    people = audited(paths, Honest(), monkeypatch, people="people.csv")["people"]
    assert people["within_one_step"] == {"value": 1.0, "low": 1.0, "high": 1.0, "n": 2}


def test_refusals_are_counted(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a share of the prompts, and by what was asked."""
    found = audited(paths, Honest(refuses=0.5), monkeypatch)
    assert "refused" in found["failed"]
    assert found["refused"]["value"] == pytest.approx(found["refused_by_scale"]["sweep"] / 40, abs=1e-4)
    assert found["refused"]["low"] < found["refused"]["value"] < found["refused"]["high"]


def test_a_second_judge_is_compared(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """An honest one with itself agrees; with the first cell it does not. Each is opened once."""
    recipe = RECIPE.model_copy(update={"audit": AuditSettings(second=RECIPE.label)})
    honest = Honest()
    opened = iter([honest, FirstCell(name="first")])
    monkeypatch.setattr(pipeline.label, "open_judge", opens(honest))

    def open_next(*given: Any, **named: Any) -> Any:
        return opens(next(opened))(*given, **named)

    monkeypatch.setattr(pipeline.audit, "open_judge", open_next)
    pipeline.label.run(recipe, paths)
    pipeline.audit.run(recipe, paths)
    found = json.loads(paths.audit.read_text())
    assert found["failed"] == ["second_judge"]
    assert found["second_judge"]["quadratic_kappa"]["value"] < 0.3
    assert found["retest"]["quadratic_kappa"]["value"] == 1


def test_probes_are_made_of_whole_sweeps_where_some_are_searched(paths: Paths) -> None:
    """Of a search's three pictures no probe can be made that looks like what a judge gets."""
    asked = [make_prompt(number) for number in range(40)]
    labels = {prompt.prompt_id: Label(-4.0, "ok", votes=1, agreement=1.0, reason="") for prompt in asked}
    few = RECIPE.model_copy(update={"audit": AuditSettings(probes=5, retests=5)})
    searching = few.model_copy(update={"sweep": few.sweep.model_copy(update={"search": few.label})})
    split = {prompt.prompt_id: prompt.split for prompt in asked}
    assert {split[case.prompt_id] for case in pipeline.audit.open_cases(searching, paths, labels)} == {"val", "test"}
    assert {split[case.prompt_id] for case in pipeline.audit.open_cases(few, paths, labels)} == {"train", "val", "test"}


def test_nothing_to_probe_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no prompt has a scale there is no known answer to plant."""
    paths = make_project(tmp_path / "project", count=3, broken_from=-2.0)
    with pytest.raises(InputError, match="at least one prompt with a scale"):
        audited(paths, Honest(), monkeypatch)


def test_the_judges_of_these_tests_differ(paths: Paths) -> None:
    """The biased judge's pick is wrong where the honest one's is right: else nothing above shows anything."""
    prompts = pipeline.audit.read_input(paths.prompts, pipeline.audit.Prompt, stage="", recipe="")
    pictures = list(pipeline.audit.read_shards(paths.sweeps, pipeline.audit.SweepImage))[: len(LADDER)]
    sweep = pipeline.audit.open_sweep(RECIPE, prompts[0], pictures)
    honest, first = (asyncio.run(judge.judge(sweep))[0].scale for judge in (Honest(), FirstCell()))
    assert honest != first
    assert look(sweep)[LADDER[1]].gone is False
