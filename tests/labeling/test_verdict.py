"""A sweep has the plain picture, with which the others are compared."""

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


@pytest.mark.parametrize("scales", [(), (-1, -2), (0, 1, -1)])
def test_sweep_without_a_plain_picture_is_refused(scales: tuple[float, ...]) -> None:
    """Nor one with an amplified picture: nothing can be judged. The plain one alone is a search that ended there."""
    assert make_sweep(0).scales == [0]
    with pytest.raises(LabelingError, match="expected pictures at 0 and at negative scales, got"):
        make_sweep(*scales)
