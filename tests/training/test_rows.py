"""Rows: features against the scales that work."""

import pytest
import torch

from training.rows import Rows, loader, moments


def make_rows(count: int = 6) -> Rows:
    """Rows of four layers, the last of them constant."""
    generator = torch.Generator().manual_seed(0)
    features = torch.rand(count, 4, generator=generator)
    features[:, 3] = 0.25
    weakest = -torch.arange(count, dtype=torch.float)
    return Rows(features, weakest, weakest - 2)


def test_an_epoch_is_one_batch_of_everything() -> None:
    """The loader gives all train and val rows at once, every epoch again."""
    rows = (make_rows(), make_rows(3))
    for _ in range(2):
        [batches] = list(loader(*rows))
        for batch, part in zip(batches, rows, strict=True):
            assert all(torch.equal(got, given) for got, given in zip(batch, part.batch, strict=True))


def test_moments_normalise() -> None:
    """Features less mean over deviation have mean 0 and deviation 1, and a constant layer becomes 0."""
    rows = make_rows()
    mean, spread = moments(rows)
    normal = (rows.features - mean) / spread
    torch.testing.assert_close(normal.mean(dim=0), torch.zeros(4), atol=1e-6, rtol=0)
    torch.testing.assert_close(normal.std(dim=0, correction=0), torch.tensor([1.0, 1.0, 1.0, 0.0]))


def test_window_that_ends_before_it_begins_is_refused() -> None:
    """The strongest working scale is never weaker than the weakest."""
    with pytest.raises(AssertionError, match="stronger scales are more negative"):
        Rows(torch.zeros(1, 4), torch.tensor([-3.0]), torch.tensor([-2.0]))
