"""A question is the same question exactly when everything in it is the same."""

from dataclasses import replace

import pytest
from PIL import Image

from labeling.asking import Answer, Question, hash_pixels

RED = Image.new("RGB", (4, 2), "red")
QUESTION = Question(
    system="Judge.", parts=("first", RED), schema={"type": "object"}, schema_name="verdict", max_tokens=50
)


def test_the_same_question_has_the_same_digest() -> None:
    """Pictures count by their pixels, whatever object holds them, and keys of the schema in any order."""
    again = replace(QUESTION, parts=("first", RED.convert("RGBA")), schema=dict(QUESTION.schema))
    assert again.digest() == QUESTION.digest()
    assert len(QUESTION.digest()) == 64


@pytest.mark.parametrize(
    "other",
    [
        replace(QUESTION, system="Judge!"),
        replace(QUESTION, parts=(RED, "first")),
        replace(QUESTION, parts=("first", Image.new("RGB", (4, 2), "blue"))),
        replace(QUESTION, parts=("first", Image.new("RGB", (2, 4), "red"))),
        replace(QUESTION, parts=("first", hash_pixels(RED))),
        replace(QUESTION, parts=("first", "", RED)),
        replace(QUESTION, schema={"type": "array"}),
        replace(QUESTION, schema_name="pick"),
        replace(QUESTION, max_tokens=51),
        replace(QUESTION, temperature=0.5),
        replace(QUESTION, repeat=1),
    ],
)
def test_any_difference_makes_another_question(other: Question) -> None:
    """Order, shape, wording, limits: whatever may change the answer; a picture's hash as text is not that picture."""
    assert other.digest() != QUESTION.digest()


def test_an_answer_without_a_value_says_so() -> None:
    """Nothing in it can be mistaken for a judgement."""
    answer = Answer("refused", reason="it would not")
    assert answer.value is None
    assert answer.cost_usd == 0
