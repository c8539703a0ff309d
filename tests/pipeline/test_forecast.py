"""From one batch to the whole recipe: every stage counts what it really does, and a search lies between its bounds."""

from dataclasses import replace
from typing import Any

import pytest

from labeling.bisection import Search, bisect
from labeling.seeking import seek, usual
from labeling.verdict import Sight
from pipeline.duration import Range
from pipeline.forecast import Pace, forecast
from pipeline.settings import Recipe, read_recipe
from tests.support.project import ROOT

SEARCHING = read_recipe("emoji-airplane", ROOT / "params.yaml")
RECIPE = SEARCHING.model_copy(update={"sweep": SEARCHING.sweep.model_copy(update={"search": None, "noises": 0})})
"""With whole sweeps, and features from the pictures' own noise."""
PROMPTS, TRAIN, TEST, VAL, SCALES = 436, 196, 200, 40, 16
NOTHING = Pace(opening_s=0, picture_s=0, probe_s=0, judged_s=0, seen_s=0, where="nowhere")
BENIGN = 60
"""Of train."""


def changed(**stages: dict[str, Any]) -> Recipe:
    """The recipe with other settings."""
    return RECIPE.model_copy(
        update={stage: getattr(RECIPE, stage).model_copy(update=update) for stage, update in stages.items()}
    )


def exactly(**stages: float) -> dict[str, Range]:
    """As `forecast` says it where nothing is open."""
    return {stage: Range.exactly(seconds) for stage, seconds in stages.items()}


def test_pictures_of_the_sweep_and_with_the_adapter() -> None:
    """Each prompt at each scale, and each test prompt once more."""
    found = forecast(RECIPE, replace(NOTHING, picture_s=2))
    assert found == exactly(sweep=2 * PROMPTS * SCALES, label=0, audit=0, evaluate=2 * TEST)


@pytest.mark.parametrize(
    ("first_step", "injected", "along", "before"),
    [("inhibited", [1, 0], 1, 2), ("inhibited", [1], 1, 1), ("plain", [1, 0], 1, 1), ("plain", [0], 1, 0)],
)
def test_first_steps_for_their_features(first_step: str, injected: list[int], along: int, before: int) -> None:
    """In the sweep those that no picture gives, and before a picture with the adapter those that it reads; w = 0 in a plain step is free."""
    recipe = changed(sweep={"first_step": first_step}, train={"injected": tuple(injected)})
    found = forecast(recipe, replace(NOTHING, probe_s=1))
    assert found == exactly(sweep=along * PROMPTS, label=0, audit=0, evaluate=before * TEST)


def test_first_steps_from_shared_noise_are_never_free() -> None:
    """No picture's first step shows them."""
    recipe = changed(sweep={"first_step": "plain", "noises": 2}, train={"injected": (1, 0)})
    found = forecast(recipe, replace(NOTHING, probe_s=1))
    assert found == exactly(sweep=2 * PROMPTS, label=0, audit=0, evaluate=2 * TEST)


def test_who_looks_on_this_machine() -> None:
    """The judge at every picture and at what the audit plants, the evaluator at all that is held out."""
    judged = forecast(RECIPE, replace(NOTHING, judged_s=1))
    assert judged == exactly(sweep=0, label=PROMPTS * SCALES, evaluate=0) | {"audit": Range(0, 140 * SCALES)}
    seen = forecast(RECIPE, replace(NOTHING, seen_s=1))
    assert seen == exactly(sweep=0, label=0, audit=0, evaluate=(VAL + TEST) * SCALES + TEST)


def test_what_nobody_knows_is_left_out() -> None:
    """No word about a judge behind an endpoint, nor about an evaluation of nothing."""
    hosted = forecast(RECIPE, replace(NOTHING, picture_s=1, judged_s=None, seen_s=None))
    assert hosted == exactly(sweep=PROMPTS * SCALES, evaluate=TEST)
    counts = {"train": {"explicit": 3}}
    assert set(forecast(changed(prompts={"counts": counts}), NOTHING)) == {"sweep", "label", "audit"}


def test_each_stage_opens_what_it_works_with() -> None:
    """Model, judge or evaluator: what they read first is the same."""
    found = forecast(RECIPE, replace(NOTHING, opening_s=9))
    assert found == exactly(sweep=9, label=9, evaluate=9) | {"audit": Range(0, 9)}


def test_a_search_renders_a_few_or_all() -> None:
    """At least two pictures for what shows no concept and four for the others; the measured 4.2 of 16 lie between."""
    rendered = forecast(SEARCHING, replace(NOTHING, picture_s=1))["sweep"]
    whole = (TEST + VAL) * SCALES
    assert rendered == Range(whole + 2 * BENIGN + 4 * (TRAIN - BENIGN), PROMPTS * SCALES)
    assert rendered.least < whole + 4.2 * TRAIN < rendered.most


def test_a_search_is_judged_while_it_renders() -> None:
    """Each new picture beside the plain one, in the end all; the label stage has the whole sweeps left."""
    found = forecast(SEARCHING, replace(NOTHING, judged_s=1))
    assert found["sweep"].most == TRAIN * (1 + 2 * (SCALES - 1) + SCALES)
    assert found["label"] == Range.exactly((TEST + VAL) * SCALES)


def driven(search: Search, gone: int) -> int:
    """Pictures that a search wants on a ladder whose concept is gone from this index on."""
    count, wanted = 1, next(search)
    try:
        while True:
            wanted = search.send(Sight(gone=RECIPE.sweep.ladder.index(wanted) >= gone, kept=True))
            count += 1
    except StopIteration:
        return count


def test_bisection_looks_at_two_pictures_each_time() -> None:
    """Its bounds are met by some sweep, and passed by none where the concept goes once."""
    recipe = changed(label={"strategy": "bisect"})
    found = forecast(recipe, replace(NOTHING, judged_s=1))["label"]
    counts = [driven(bisect(recipe.sweep.ladder), gone) for gone in range(1, SCALES + 1)]
    assert found == Range(2 * min(counts) * PROMPTS, 2 * max(counts) * PROMPTS)
    assert found.least < found.most <= 2 * SCALES * PROMPTS


def test_four_pictures_are_a_search_that_begins_where_the_label_lies() -> None:
    """Wherever that is: the plain one, the label's, and one at either side; where it begins without a label, none does with fewer."""
    ladder = RECIPE.sweep.ladder
    assert {driven(seek(ladder, start), start) for start in range(2, SCALES - 1)} == {4}
    assert min(driven(seek(ladder, usual((), SCALES)), gone) for gone in range(1, SCALES + 1)) == 4
