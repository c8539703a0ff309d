"""Which rows are conditional, and taking them out of a call."""

import pytest
import torch

from gie.errors import GieError
from gie.rows import conditional_rows, take_rows


def test_two_images_and_one_guided_image_are_told_apart() -> None:
    """Two rows are one guided image, or two plain ones: the pipeline's word decides."""
    assert conditional_rows(2, guided=True, images=None) == slice(1, 2)
    assert conditional_rows(2, guided=False, images=None) == slice(0, 2)
    assert conditional_rows(3, guided=False, images=3) == slice(0, 3)
    assert conditional_rows(6, guided=True, images=3) == slice(3, 6)


@pytest.mark.parametrize(("rows", "guided", "images"), [(3, True, None), (9, True, 3), (3, True, 3), (6, False, 3)])
def test_a_count_that_does_not_fit_raises(rows: int, guided: bool, images: int | None) -> None:
    """Odd guided batches, a third part (perturbed guidance), and guidance that the pipeline denies."""
    with pytest.raises(GieError, match=f"got {rows} rows"):
        conditional_rows(rows, guided=guided, images=images)


def test_rows_are_taken_out_of_every_container() -> None:
    """Tensors of the batch's length are cut wherever they are; others, and what is no tensor, stay."""
    batch, scalar, other = torch.arange(4), torch.tensor(7), torch.arange(3)
    taken = take_rows(
        ((batch, scalar), {"text": batch, "residuals": [batch, other]}, "word", None), slice(2, 4), rows=4
    )
    assert taken[0][0].tolist() == [2, 3]
    assert taken[0][1] is scalar
    assert taken[1]["text"].tolist() == [2, 3]
    assert taken[1]["residuals"][0].tolist() == [2, 3]
    assert taken[1]["residuals"][1] is other
    assert taken[2:] == ("word", None)
    assert isinstance(taken[1]["residuals"], list)
