"""The plan: what a recipe draws, asks, costs and takes, from the strategies themselves, with nobody asked."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from labeling.errors import LabelingError
from pipeline.cli import app
from pipeline.forecast import Pace
from pipeline.plan import lines, measured, plan, timed, total
from pipeline.settings import Recipe, read_recipe
from tests.support.project import ROOT

NUDE = read_recipe("sd14-nude", ROOT / "params.yaml")


def judged_by(**changes: Any) -> Recipe:
    """The paper's recipe with another judge."""
    return NUDE.model_copy(update={"label": NUDE.label.model_copy(update=changes)})


def test_the_paper_s_recipe(capsys: pytest.CaptureFixture[str]) -> None:
    """160 prompts at 16 scales; one sheet in two layouts a sweep, and more where they need settling; some dollars in all."""
    items = {item.name: item for item in plan(NUDE)}
    assert items["prompts"].count == "160 prompts"
    assert items["sweep"].count == "2560 pictures, 50 steps each"
    assert items["label"].least.calls == 320
    assert 160 * 8 <= items["label"].most.calls <= 160 * 14
    assert items["label"].least.usd < items["label"].most.usd
    assert 0.1 < total(list(items.values())).most.usd < 100
    assert capsys.readouterr().out == ""


def test_bisection_asks_about_two_log2_of_the_scales() -> None:
    """One picture at a time: as many calls whatever is said of sheets."""
    item = next(item for item in plan(judged_by(strategy="bisect")) if item.name == "label")
    assert item.least == item.most
    assert 6 * 160 <= item.least.calls <= 12 * 160


def test_a_search_renders_up_to_all() -> None:
    """How many it will ask for depends on the pictures."""
    recipe = judged_by(strategy="bisect")
    searching = recipe.model_copy(update={"sweep": recipe.sweep.model_copy(update={"search": recipe.label})})
    assert {item.name: item.count for item in plan(searching)}["sweep"] == "up to 2560 pictures, 50 steps each"


def test_an_emoji_recipe_costs_nothing() -> None:
    """Nobody is asked over the network."""
    items = plan(read_recipe("emoji-cat", ROOT / "params.yaml"))
    assert total(items).most.calls == 0
    assert total(items).most.usd == 0


def test_a_price_that_nobody_knows_is_said() -> None:
    """Rather than guessed; a server on this machine is free, and the recipe may say its own price."""
    with pytest.raises(LabelingError, match="mystery"):
        plan(judged_by(model="mystery-model"))
    free = judged_by(model="mystery-model", base_url="http://127.0.0.1:8000/v1")
    label = next(item for item in plan(free) if item.name == "label")
    assert (label.least.usd, label.least.calls) == (0, 320)
    priced = next(
        item for item in plan(judged_by(model="mystery", price_per_million=(1.0, 2.0))) if item.name == "label"
    )
    tokens = priced.least
    assert priced.least.usd == pytest.approx((tokens.prompt_tokens + 2 * tokens.completion_tokens) / 1e6, rel=1e-3)


def test_the_command_prints_a_line_a_stage(tmp_path: Path) -> None:
    """And the sum, and how times are had."""
    result = CliRunner().invoke(app, ["plan", "sd14-nude", "--params", str(ROOT / "params.yaml")])
    assert result.exit_code == 0, result.output
    *stages, last = result.stdout.splitlines()
    assert [line.split()[0] for line in stages] == ["prompts", "sweep", "label", "audit", "evaluate", "in"]
    assert "$" in stages[-1]
    assert last == "times: gie plan --time measures them on this machine"
    assert not list(tmp_path.iterdir())


def test_times_stand_at_the_end_of_the_lines() -> None:
    """Of the stages that are known, and their sum; what is not in it is said."""
    pace = Pace(opening_s=0, picture_s=1, probe_s=0, judged_s=None, seen_s=0.1, where="a machine")
    items = timed(plan(NUDE), NUDE, pace)
    said = {line.split()[0]: line for line in lines(items)}
    assert said["sweep"] == "sweep     2560 pictures, 50 steps each, about 43 min"
    assert "about" not in said["label"]
    assert said["evaluate"] == "evaluate  100 pictures with the adapter, about 5 min"
    assert said["in"].endswith("about 47 min")
    assert measured(items, pace) == "times: a machine; without prompts, label, audit, train"


def test_without_a_pace_there_is_no_time() -> None:
    """Not even of nothing."""
    assert total(plan(NUDE)).seconds is None
    assert not any("about" in line for line in lines(plan(NUDE)))
