"""The reference that stores the maps computes the same, and its memory is counted."""

import torch

from benchmarks.reference import Shape, measure_layer, peak_allocated


def test_both_ways_are_the_same_attention() -> None:
    """So the times are of one work; and the maps show in the memory."""
    layer = measure_layer(Shape("tiny", 2, 256, 8), 2, rounds=2)
    assert layer.largest_difference < 1e-4
    assert layer.larger > 1
    assert layer.slower.n == 2


def test_peak_counts_what_is_there_at_once() -> None:
    """Three of these at once, two of which are inputs of the third."""
    ones = torch.ones(1000, 1000)
    assert peak_allocated(lambda: (ones + 1) * (ones + 2)) == 3 * ones.nbytes
