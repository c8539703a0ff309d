"""How good chosen scales are."""

import pytest

from training.measure import measure, nearest

SWEPT = {0.0: False, -1.0: False, -2.0: True, -3.0: True}


@pytest.mark.parametrize(("scale", "expected"), [(-1.4, -1.0), (-1.6, -2.0), (-1.5, -1.0), (-9.0, -3.0), (0.0, 0.0)])
def test_nearest_swept_scale(scale: float, expected: float) -> None:
    """A scale is judged by its neighbour in the sweep, in the middle by the weaker."""
    assert nearest(scale, SWEPT) == expected


def test_error_and_success() -> None:
    """Distance to the labels over all prompts, success over those that can succeed."""
    result = measure([-2.2, -1.0, 0.0], [-2.0, -2.0, 0.0], [SWEPT, SWEPT, {}])
    assert result == {"mean_error": 0.4, "success": 0.5}


def test_nobody_can_succeed() -> None:
    """Without any prompt that counts there is no success rate, rather than a nought."""
    assert measure([-1.0], [-1.0], [{}])["success"] is None
