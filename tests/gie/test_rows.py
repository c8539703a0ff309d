"""Which rows are conditional, and taking them out of a call."""

import pytest
import torch

from gie.errors import GieError
from gie.rows import conditional_parts, take_rows


def test_two_images_and_one_guided_image_are_told_apart() -> None:
    """Two rows are one guided image, or two plain ones: the pipeline's word decides."""
    assert conditional_parts(2, guided=True, perturbed=False, images=None) == (slice(1, 2),)
    assert conditional_parts(2, guided=False, perturbed=False, images=None) == (slice(0, 2),)
    assert conditional_parts(3, guided=False, perturbed=False, images=3) == (slice(0, 3),)
    assert conditional_parts(6, guided=True, perturbed=False, images=3) == (slice(3, 6),)


def test_perturbed_guidance_has_two_conditional_parts() -> None:
    """The text's rows stand twice, behind the unconditional ones where there are any."""
    assert conditional_parts(6, guided=True, perturbed=True, images=None) == (slice(2, 4), slice(4, 6))
    assert conditional_parts(6, guided=False, perturbed=True, images=None) == (slice(0, 3), slice(3, 6))


@pytest.mark.parametrize(
    ("rows", "guided", "perturbed", "images"),
    [(3, True, False, None), (9, True, False, 3), (3, True, False, 3), (6, False, False, 3), (4, True, True, None),
     (6, True, True, 3)],
)  # fmt: skip
def test_a_count_that_does_not_fit_raises(rows: int, guided: bool, perturbed: bool, images: int | None) -> None:
    """Odd guided batches, a third part, guidance that the pipeline denies, and a perturbed part that is not there."""
    with pytest.raises(GieError, match=f"got {rows} rows"):
        conditional_parts(rows, guided=guided, perturbed=perturbed, images=images)


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
