"""What the benchmark of searched sweeps counts."""

import pytest

from benchmarks.adaptive import agreement
from labeling.verdict import LabelOutcome
from pipeline.tables import LabelRow

LADDER = (0.0, -0.2, -0.4, -0.6, -0.8)


def labels(*given: tuple[LabelOutcome, float | None]) -> dict[str, LabelRow]:
    """A label a prompt."""
    return {
        str(number): LabelRow(str(number), scale, outcome, votes=1, agreement=1.0, reason="")
        for number, (outcome, scale) in enumerate(given)
    }


def test_labels_agree_in_their_outcome_and_a_step_of_the_scales() -> None:
    """One step is a neighbour on the ladder; another outcome is never near."""
    whole = labels(("ok", -0.4), ("ok", -0.4), ("ok", -0.4), ("absent", None), ("none_works", None))
    searched = labels(("ok", -0.4), ("ok", -0.6), ("ok", -0.8), ("absent", None), ("ok", -0.8))
    assert agreement(searched, whole, LADDER, steps=1) == pytest.approx(3 / 5)
    assert agreement(searched, whole, LADDER, steps=0) == pytest.approx(2 / 5)
    assert agreement(whole, whole, LADDER, steps=0) == 1
