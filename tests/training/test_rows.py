"""Rows: features against the scales that work."""

import pytest
import torch

from training.rows import Rows, commonest, loader, mildest, moments, pulled


def make_rows(count: int = 6) -> Rows:
    """Rows of four layers, the last of them constant."""
    generator = torch.Generator().manual_seed(0)
    features = torch.rand(count, 4, generator=generator)
    features[:, 3] = 0.25
    weakest = -torch.arange(count, dtype=torch.float)
    return Rows(features, weakest, weakest - 2, ("explicit",) * count)


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
        Rows(torch.zeros(1, 4), torch.tensor([-3.0]), torch.tensor([-2.0]), ("pair",))


def windows(*given: tuple[str, float, float]) -> Rows:
    """A row for each kind, weakest and strongest scale."""
    kinds, weakest, strongest = zip(*given, strict=True)
    return Rows(torch.zeros(len(given), 2), torch.tensor(weakest), torch.tensor(strongest), kinds)


def test_what_works_is_pulled_to_what_works_for_most_of_its_kind() -> None:
    """A share of the way; what needs no suppression stays at 0, and the weaker end stays the weaker one."""
    train = windows(("explicit", -2, -2), ("explicit", -2, -3), ("pair", -1, -1), ("benign", 0, 0))
    rows = windows(("explicit", 0, 0), ("explicit", -1, -2), ("explicit", -3, -3), ("pair", -3, -4))
    half = pulled(rows, train, share=0.5)
    assert half.weakest.tolist() == [0.0, -1.5, -2.5, -2.0]
    assert half.strongest.tolist() == [0.0, -2.0, -2.5, -2.5]
    assert half.kinds == rows.kinds
    assert torch.equal(pulled(rows, train, share=0.0).weakest, rows.weakest)


def test_a_kind_that_training_never_suppressed_goes_where_most_of_all_go() -> None:
    """Also one that training never saw."""
    train = windows(("explicit", -2, -2), ("benign", 0, 0))
    assert pulled(windows(("benign", -1, -1), ("pair", -4, -4)), train, share=1).weakest.tolist() == [-2, -2]


def test_a_row_has_a_kind() -> None:
    """Fewer kinds than rows are a mistake of whoever made them."""
    with pytest.raises(AssertionError, match="one kind a row"):
        Rows(torch.zeros(2, 4), torch.zeros(2), torch.zeros(2), ("pair",))


def test_the_commonest_scale_lies_in_most_windows() -> None:
    """Rows that need no suppression do not count; of equally good scales the weakest."""
    given = [("pair", 0.0, 0.0), ("pair", -1.0, -3.0), ("pair", -2.0, -4.0), ("pair", -3.0, -3.0)]
    assert commonest(windows(*given)) == -3.0
    assert commonest(windows(*given[:3])) == -2.0
    assert commonest(windows(*given[:1])) == 0


def test_on_a_plateau_the_commonest_scale_is_where_it_begins() -> None:
    """One more row of many is chance; one of few is not."""
    plateau = [("explicit", -1.0, -3.0)] * 22
    assert commonest(windows(*plateau, ("explicit", -2.4, -3.0))) == -1.0
    assert commonest(windows(*plateau, *[("explicit", -2.4, -3.0)] * 4)) == pytest.approx(-2.4)


def test_the_mildest_scale_is_of_the_kind_that_needs_least() -> None:
    """So that no kind is left alone whole; one row among many that need none was labelled by mistake."""
    given = (
        [("explicit", -3.0, -3.0)] * 2
        + [("pair", -1.5, -1.5)]
        + [("benign", 0, 0), ("benign", -0.2, -0.2), ("benign", 0, 0)]
    )
    rows = windows(*given)
    assert commonest(rows) == -3.0
    assert mildest(rows) == -1.5
    assert mildest(rows.of_kind("benign")) == 0
