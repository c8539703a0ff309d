"""Every strategy finds the same label, doubts what is doubtful, and says what did not come."""

import asyncio
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.asking import Answer, Question
from labeling.choose import choose_label
from labeling.judges.openai import STRATEGIES, AskedJudge
from labeling.strategies.layouts import shuffle
from labeling.verdict import Sweep, Verdict
from tests.support.askers import Bright, greys

ALL = list(STRATEGIES)
LAYOUTS = ["sheet", "multi"]
REFUSAL = Answer("refused", text="no", reason="no", raw='{"refusal": "no"}', cost_usd=0.01)
GARBAGE = Answer("ok", {"views": []}, "{}")
FAR = Answer("transport", reason="timeout")


def ask(strategy: str, sweep: Sweep, asker: Bright) -> list[Verdict]:
    """All verdicts about a sweep."""
    return list(asyncio.run(AskedJudge(asker, STRATEGIES[strategy]).judge(sweep)))


@pytest.mark.parametrize("strategy", ALL)
@pytest.mark.parametrize(("pattern", "expected"), [
    ("tttttggggg", ("ok", -5.0)), ("tggggggggww", ("ok", -1.0)), ("tttttttt", ("none_works", None)), ("gggggg", ("absent", None)),
    ("ttttwwww", ("none_works", None)), ("ttttwwggg", ("ok", -6.0)),
])  # fmt: skip
def test_label_is_the_sweeps(strategy: str, pattern: str, expected: tuple[str, float | None]) -> None:
    """Thresholds, absent and none_works, whatever way it is asked."""
    label = choose_label(ask(strategy, greys(pattern), Bright()))
    assert (label.outcome, label.scale) == expected
    assert label.agreement == 1


@pytest.mark.parametrize("strategy", ALL)
def test_verdicts_are_signed_and_tell_layouts_apart(strategy: str) -> None:
    """Who judged, by which words and in which layout; no two verdicts about a sweep have the same names."""
    verdicts = ask(strategy, greys("tttttggggg"), Bright())
    assert {(verdict.judge, verdict.model) for verdict in verdicts} == {("openai", "bright")}
    assert {verdict.rubric_version for verdict in verdicts} == {f"visible-1+{STRATEGIES[strategy].version}"}
    assert len({verdict.layout for verdict in verdicts}) == len(verdicts)
    assert sum(verdict.cost_usd for verdict in verdicts) == pytest.approx(0.01 * _calls(verdicts))


@given(st.integers(4, 30))
def test_no_cell_shows_nearly_the_same_twice(count: int) -> None:
    """So a judge that answers by the place is found out on every sweep, not on most."""
    sweep = greys("t" * (count + 1))
    forward = sweep.scales[1:]
    assert all(abs(forward.index(scale) - index) > 1 for index, scale in enumerate(shuffle(sweep)))


def _calls(verdicts: list[Verdict]) -> int:
    return sum(len(json.loads(verdict.raw)["answers"]) for verdict in verdicts)


def test_calls_are_few() -> None:
    """Two sheets; one by one about 2 log2 of the scales."""
    askers = {strategy: Bright() for strategy in ALL}
    for strategy, asker in askers.items():
        ask(strategy, greys("t" * 7 + "g" * 9), asker)
    counts = {strategy: len(asker.questions) for strategy, asker in askers.items()}
    assert counts["sheet"] == counts["multi"] == 2
    assert counts["bisect"] <= 11
    assert counts["pairwise"] <= 4


def test_a_search_s_pictures_are_all_asked_about() -> None:
    """One question a picture, and the very questions that were asked about each beside the plain one alone."""
    sweep = replace(greys("t" * 3 + "g" * 6), searched=True)
    asker, before = Bright(), Bright()
    (verdict,) = ask("bisect", sweep, asker)
    assert list(verdict.seen) == sweep.scales
    for scale in sweep.scales:
        few = {each: sweep.images[each] for each in (0.0, scale)}
        ask("bisect", replace(sweep, images=few), before)
    assert {question.digest() for question in asker.questions} == {question.digest() for question in before.questions}


@pytest.mark.parametrize("strategy", LAYOUTS)
def test_two_layouts_show_the_same_pictures_in_another_order(strategy: str) -> None:
    """Forward and shuffled differ, and the shuffle depends on nothing but the sweep."""
    sweep = greys("ttttgggg")
    forward, shuffled = ask(strategy, sweep, Bright())
    cells = [json.loads(verdict.raw)["shown"] for verdict in (forward, shuffled)]
    scales = [[value for name, value in shown.items() if name != "pick"] for shown in cells]
    assert scales[0] == sweep.scales[1:]
    assert scales[1] != scales[0]
    assert sorted(scales[1]) == sorted(scales[0])
    assert shuffle(sweep) == shuffle(greys("ttttgggg")) == scales[1]
    assert shuffle(greys("tttggggg")) != scales[1]


@pytest.mark.parametrize("strategy", LAYOUTS)
@pytest.mark.parametrize("favours", ["A", "C", "I"])
def test_taste_for_a_place_is_found_out_and_settled(strategy: str, favours: str) -> None:
    """A judge that always likes one cell picks different scales; the label is the one that it sees picture by picture."""
    verdicts = ask(strategy, greys("tttttggggg"), Bright(favours=favours))
    assert [verdict.votes for verdict in verdicts] == [False, False, True]
    assert verdicts[-1].layout == f"{strategy}-bisection"
    label = choose_label(verdicts)
    assert (label.outcome, label.scale, label.votes) == ("ok", -5.0, 1)


@pytest.mark.parametrize("strategy", LAYOUTS)
@pytest.mark.parametrize("odd", [REFUSAL, GARBAGE])
def test_one_missing_layout_is_settled(strategy: str, odd: Answer) -> None:
    """One judgement alone is not trusted, but picture by picture there may be one."""
    verdicts = ask(strategy, greys("tttttggggg"), Bright(instead=[odd]))
    assert [verdict.outcome for verdict in verdicts] == ["refused" if odd is REFUSAL else "invalid", "ok", "ok"]
    assert choose_label(verdicts).scale == -5.0


@pytest.mark.parametrize("strategy", LAYOUTS)
def test_contradiction_is_doubt(strategy: str) -> None:
    """An answer that picks what it says does not work is not taken at its word."""
    sweep = greys("tttttggggg")
    honest = Bright()
    ask(strategy, sweep, honest)
    right = asyncio.run(honest.ask(honest.questions[0]))
    wrong = Answer("ok", {**right.value, "pick": "A"}, raw="{}")
    verdicts = ask(strategy, sweep, Bright(instead=[wrong]))
    assert [(verdict.layout.split("-")[1], verdict.votes) for verdict in verdicts] == [
        ("forward", False), ("shuffled", False), ("bisection", True),
    ]  # fmt: skip


@pytest.mark.parametrize("strategy", ALL)
@pytest.mark.parametrize(("odd", "outcome"), [(REFUSAL, "refused"), (GARBAGE, "invalid"), (FAR, "transport")])
def test_what_does_not_come_is_typed_and_never_a_label(strategy: str, odd: Answer, outcome: str) -> None:
    """Where nothing is answered there is no scale, no vote and no default."""
    verdicts = ask(strategy, greys("tttttggggg"), Bright(instead=[odd] * 30))
    assert {verdict.outcome for verdict in verdicts} == {outcome}
    assert not any(verdict.votes or verdict.seen or verdict.scale for verdict in verdicts)
    label = choose_label(verdicts)
    assert (label.outcome, label.scale) == ("unscored", None)
    assert outcome in label.reason


def test_lost_connection_of_one_layout_is_not_settled() -> None:
    """What can simply be asked again is no doubt."""
    verdicts = ask("sheet", greys("tttttggggg"), Bright(instead=[FAR]))
    assert [(verdict.outcome, verdict.votes) for verdict in verdicts] == [("transport", False), ("ok", False)]


def test_refusal_says_at_which_scale() -> None:
    """One by one it is known which picture was refused; a whole sheet has no scale."""
    sights = Bright().ask
    first = asyncio.run(sights(_first_question("bisect")))
    (verdict,) = ask("bisect", greys("tttttggggg"), Bright(instead=[first, REFUSAL]))
    assert (verdict.outcome, verdict.at) == ("refused", -9.0)
    assert {verdict.at for verdict in ask("sheet", greys("tttttggggg"), Bright(instead=[REFUSAL] * 2))} == {None}


def _first_question(strategy: str) -> Question:
    asker = Bright()
    ask(strategy, greys("tttttggggg"), asker)
    return asker.questions[0]


def test_pairs_move_the_pick_to_where_they_agree() -> None:
    """A sheet that is two steps off is put right by its neighbours."""
    sweep = greys("tttttggggg")
    honest = Bright()
    ask("sheet", sweep, honest)
    right = asyncio.run(honest.ask(honest.questions[0]))
    views = [{**view, "gone": "no"} if view["picture"] in {"E", "F"} else view for view in right.value["views"]]
    off = Answer("ok", {"views": views, "pick": "G"}, raw="{}")
    sheet, pairs = ask("pairwise", sweep, Bright(instead=[off]))
    assert (sheet.scale, sheet.votes) == (-7.0, False)
    assert (pairs.scale, pairs.votes) == (-5.0, True)


def test_questions_name_no_scale() -> None:
    """The model does not learn how strongly a picture was suppressed."""
    for strategy in ALL:
        asker = Bright()
        ask(strategy, greys("tttttggggg"), asker)
        texts = [part for question in asker.questions for part in question.parts if isinstance(part, str)]
        assert not [text for text in texts if any(character.isdigit() for character in text)]
