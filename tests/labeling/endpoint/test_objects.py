"""Which JSON object in a text counts: the last, unless something after it was never finished."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.endpoint.objects import NoObjectError, last_object


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}',
        '```json\n{"a": 1}\n```',
        'The form is {"a": ...}. So: {"a": 1}',
        'First {"a": 9}, no: {"a": 1} it is.',
        'She said "{" and I say {"a": 1}'.replace('"{"', '"'),
        '<think>{maybe}</think>{"a": 1}',
    ],
)
def test_the_last_object_counts(text: str) -> None:
    """Whatever stands around it."""
    assert last_object(text) == {"a": 1}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "none",
        "[1, 2]",
        '{"a": 1',
        'Not {"a": 9} but {"a": 1',
        '{"b": {"a": 9}, "c": "cut off',
        'Not {"a": 9} but {"a": 1,}',
        '{"a": 1, "a": 2}',
        '{"a": NaN}',
        "{'a': 1}",
    ],
)
def test_no_other_object_takes_the_place_of_a_broken_one(text: str) -> None:
    """What was never finished, is malformed or says two things is no answer, though a whole object stands before or in it."""
    with pytest.raises(NoObjectError, match="expected"):
        last_object(text)


@given(st.dictionaries(st.text(), st.one_of(st.integers(), st.text(), st.lists(st.text()))))
def test_any_object_is_found_in_prose(value: dict[str, object]) -> None:
    """Braces and quotes inside its strings notwithstanding."""
    assert last_object(f"Well, {json.dumps(value)} is it.") == value


@given(st.text())
def test_any_text_is_an_object_or_a_reason(text: str) -> None:
    """Nothing else is raised."""
    with suppress(NoObjectError):
        assert isinstance(last_object(text), dict)
