"""The loss: MSE to the label, or to the window of scales that work."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from training.module import window_loss

SCALES = st.floats(-15, 0, width=32)


@given(st.lists(st.tuples(SCALES, SCALES), min_size=1, max_size=8))
def test_loss_of_a_point_is_the_papers(pairs: list[tuple[float, float]]) -> None:
    """Where only the label works, the loss is torch's mean squared error (Eq. 10)."""
    scales, labels = torch.tensor(pairs).T
    torch.testing.assert_close(
        window_loss(scales, weakest=labels, strongest=labels), torch.nn.functional.mse_loss(scales, labels)
    )


def test_inside_the_window_nothing_is_lost() -> None:
    """Every scale that works is as good as the label."""
    scales = torch.tensor([-4.0, -5.5, -8.0])
    window = {"weakest": torch.full((3,), -4.0), "strongest": torch.full((3,), -8.0)}
    assert window_loss(scales, **window) == 0


def test_outside_the_window_the_distance_to_it_counts() -> None:
    """Too weak is measured from the weakest scale that works, too strong from the strongest."""
    window = {"weakest": torch.tensor([-4.0]), "strongest": torch.tensor([-8.0])}
    assert window_loss(torch.tensor([-1.0]), **window) == 9
    assert window_loss(torch.tensor([-10.0]), **window) == 4
