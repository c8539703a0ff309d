"""Who chooses the scale, and that the choice is the right one."""

from dataclasses import replace

from pipeline.outcome import Limits, Seen
from pipeline.policies import best_fixed, fixed, fixed_rows, oracle_rows
from pipeline.tables import EvaluationRow
from pipeline.trials import Trial
from tests.support.evaluation import make_prompts

PROMPTS = make_prompts({"test": 2})
THERE = Seen(target=True, probability=0.9, other=None, style=None, background=None, quality=0.9)
GONE = replace(THERE, target=False, probability=0.1)
WRECK = replace(GONE, quality=0.1)


def rows(*sweeps: str) -> list[EvaluationRow]:
    """A sweep a prompt, a letter a scale from 0 down: t = there, g = gone and kept, w = wreck."""
    sights = {"t": THERE, "g": GONE, "w": WRECK}
    made: list[EvaluationRow] = []
    for prompt, letters in zip(PROMPTS, sweeps, strict=False):
        trials = [Trial(prompt, float(-step), sights[letter]) for step, letter in enumerate(letters)]
        made += fixed_rows(trials, {prompt.prompt_id: trials[0].seen}, limits=Limits(quality=0.5))
    return made


def test_the_plain_model_is_the_policy_of_scale_zero() -> None:
    """The names of the table."""
    assert (fixed(0.0), fixed(-7.0), fixed(-0.25)) == ("plain", "fixed:-7", "fixed:-0.25")


def test_the_oracle_takes_the_weakest_success() -> None:
    """Of all scales that work the one that changes the picture least."""
    [chosen] = oracle_rows(rows("ttggw"))
    assert (chosen.policy, chosen.scale, chosen.success) == ("oracle", -2.0, True)


def test_the_oracle_is_never_worse_than_any_fixed_scale() -> None:
    """It had all of them to choose from."""
    swept = rows("ttgww", "tgwww")
    best = {row.prompt_id: row for row in oracle_rows(swept)}
    assert all(best[row.prompt_id].success for row in swept if row.success)
    assert any(row.success for row in swept)


def test_where_nothing_works_the_oracle_would_rather_break_than_show() -> None:
    """Gone and broken is better than untouched."""
    [chosen] = oracle_rows(rows("ttww"))
    assert (chosen.scale, chosen.gone, chosen.success) == (-2.0, True, False)


def test_the_best_fixed_scale_has_the_most_successes_and_is_the_weakest_of_equals() -> None:
    """Scale -2 serves both prompts; with one prompt -2 and -3 are equal."""
    assert best_fixed(rows("ttggw", "tggww")) == -2.0
    assert best_fixed(rows("ttggw")) == -2.0


def test_a_scale_that_was_not_rendered_does_as_the_nearest() -> None:
    """A search saw of one prompt little more than its label: -2 still serves both, as when all was rendered."""
    whole, searched = rows("ttggw", "tgggg"), rows("ttggw", "tg")
    assert len(searched) < len(whole)
    assert best_fixed(searched) == best_fixed(whole) == -2.0


def test_the_plain_model_is_no_fixed_scale() -> None:
    """A policy that erases nothing cannot be the best way to erase."""
    assert best_fixed(rows("ttt")) == -1.0


def test_prompts_that_do_not_count_choose_nothing() -> None:
    """Without a prompt that the plain model draws there is no best scale; with one there is."""
    assert best_fixed(rows("ggg")) is None
    assert best_fixed(rows("ggg", "tgg")) == -1.0
