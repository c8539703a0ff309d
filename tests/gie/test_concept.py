"""What a concept is, and which of its slots are injected."""

from typing import Any, get_args

import pytest

from gie import Concept, InputError
from gie.concept import as_concept
from gie.slots import Slots, Stretch
from tests.support.adapters import tiny_adapter


@pytest.mark.parametrize("text", ["", "  ", "\n\t"])
def test_an_empty_concept_is_refused(text: str) -> None:
    """There is nothing to erase."""
    with pytest.raises(InputError, match="expected the text of a concept"):
        Concept(text, scale=-7.0)


@pytest.mark.parametrize("scale", [float("nan"), float("-inf"), [], [-1.0, float("nan")]], ids=str)
def test_a_scale_that_is_no_number_is_refused(scale: Any) -> None:
    """Neither nan nor infinity nor nothing at all."""
    with pytest.raises(InputError, match="expected a finite scale"):
        Concept("cat", scale=scale)


def test_unknown_slots_are_refused() -> None:
    """The message lists what there is."""
    wrong: Any = "everything"
    # The checker of the tests may speak first; outside tests it is not there.
    with pytest.raises((InputError, TypeError), match="concept"):
        Concept("cat", scale=-7.0, slots=wrong)


def test_an_adapter_stands_for_its_concept(pipe: Any) -> None:
    """Text and slots are what it was trained with; a Concept is taken as it is."""
    adapter = tiny_adapter(pipe, concept="red cat", slots="all")
    assert as_concept(adapter) == Concept("red cat", scale=adapter, slots="all")
    cat = Concept("cat", scale=-7.0)
    assert as_concept(cat) is cat


def test_which_slots_are_injected() -> None:
    """Own tokens; [EOT] behind them; everything after [SOT]."""
    stretch, every = Stretch(first=1, tokens=2, stop=8), get_args(Slots)
    spans = {slots: stretch.injected(slots) for slots in every}
    assert spans == {"concept": slice(1, 3), "concept+eot": slice(1, 4), "all": slice(1, 8)}
    assert stretch.own == slice(1, 3)
