"""A sweep has the plain picture and something to compare it with."""

import pytest
from PIL import Image

from labeling.errors import LabelingError
from labeling.verdict import Sweep

PICTURE = Image.new("RGB", (8, 8))


def make_sweep(*scales: float) -> Sweep:
    """A sweep of equal pictures."""
    return Sweep("a cat", "", "cat", (), dict.fromkeys(scales, PICTURE))


def test_scales_go_from_plain_to_strongest() -> None:
    """The order is the axis of suppression, however the pictures came."""
    assert make_sweep(-2, 0, -10).scales == [0, -2, -10]


@pytest.mark.parametrize("scales", [(), (0,), (-1, -2), (0, 1, -1)])
def test_sweep_without_comparison_is_refused(scales: tuple[float, ...]) -> None:
    """No plain picture, nothing but it, or an amplified one: nothing can be judged."""
    with pytest.raises(LabelingError, match="expected pictures at 0 and at negative scales, got"):
        make_sweep(*scales)
