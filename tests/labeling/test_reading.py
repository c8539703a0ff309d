"""Whatever an answer looks like, it becomes sights or a reason."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.asking import Answer
from labeling.reading import read
from labeling.verdict import Sight

NAMES = ["REF", "A"]


def view(picture: str, gone: str = "yes", kept: str = "yes") -> dict[str, str]:
    """One picture's part of an answer."""
    return {"picture": picture, "gone": gone, "kept": kept}


def test_sights_are_what_was_said() -> None:
    """Yes, no, and unsure, which is no opinion."""
    answer = Answer("ok", {"views": [view("A", "yes", "unsure"), view("REF", "no")], "pick": "none"})
    reading = read(answer, NAMES, picks=True)
    assert reading.outcome == "ok"
    assert reading.sights == {"A": Sight(gone=True, kept=None), "REF": Sight(gone=False, kept=True)}
    assert reading.pick is None


@pytest.mark.parametrize("outcome", ["refused", "filtered", "invalid", "truncated", "transport", "budget"])
def test_missing_answer_keeps_its_outcome(outcome: Any) -> None:
    """And its reason; a value that came along is not looked at."""
    value = {"views": [view("REF"), view("A")], "pick": "A"}
    reading = read(Answer(outcome, value, reason="why"), NAMES, picks=True)
    assert (reading.outcome, reading.reason, reading.sights) == (outcome, "why", {})


@pytest.mark.parametrize(("value", "said"), [
    ({"views": [view("REF")], "pick": "none"}, "expected each of REF, A once, got REF"),
    ({"views": [view("REF"), view("A"), view("A")], "pick": "none"}, "expected each of REF, A once"),
    ({"views": [view("REF"), view("Z")], "pick": "none"}, "expected each of REF, A once, got REF, Z"),
    ({"views": [view("REF"), view("A")], "pick": "Z"}, "expected a pick among REF, A, got Z"),
    ({"views": [view("REF"), view("A", "maybe")], "pick": "A"}, r"views\.1\.gone"),
    ({"views": [view("REF"), view("A")]}, "pick: Field required"),
    ({"views": []}, "pick"),
    ([1], "valid dictionary"),
    (None, "valid dictionary"),
])  # fmt: skip
def test_odd_answer_is_invalid(value: Any, said: str) -> None:
    """What is left out, named twice, made up or of another form makes the answer invalid, and never a default."""
    import re

    reading = read(Answer("ok", value), NAMES, picks=True)
    assert (reading.outcome, reading.sights) == ("invalid", {})
    assert re.search(said, reading.reason)


@given(
    st.recursive(
        st.none() | st.booleans() | st.text() | st.integers(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["views", "pick", "picture", "gone"]), inner),
        max_leaves=8,
    )
)
def test_reading_never_raises(value: Any) -> None:
    """Any JSON at all."""
    assert read(Answer("ok", value), NAMES, picks=False).outcome == "invalid"
