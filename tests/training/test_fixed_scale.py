"""The best constant scale."""

from training.fixed_scale import best_fixed_scale


def test_most_successes_win() -> None:
    """The scale that works for the most prompts is taken, whatever the others say."""
    prompts = [{0.0: True, -1.0: False, -2.0: False}, {-1.0: True, -2.0: True}, {-1.0: False, -2.0: True}]
    assert best_fixed_scale(prompts) == -2.0


def test_tie_goes_to_the_weakest() -> None:
    """Of equally good scales the one that changes the picture least is taken, in any order."""
    assert best_fixed_scale([{-3.0: True, -2.0: True, -1.0: False}]) == -2.0


def test_nothing_works_is_no_scale() -> None:
    """Without any success there is no best scale."""
    assert best_fixed_scale([{-1.0: False}, {}]) is None
    assert best_fixed_scale([]) is None
