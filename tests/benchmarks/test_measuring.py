"""What the benchmarks share: ratios within a turn, quartiles, clocks."""

from pathlib import Path
from time import perf_counter

import pytest
import torch

from benchmarks.measuring import Stopwatch, Took, in_turn, ratios, spread, table, verdict, write

CPU = torch.device("cpu")


def test_spread_is_the_median_and_the_quartiles() -> None:
    """As numpy's linear quantiles."""
    told = spread([4.0, 1.0, 2.0, 3.0, 5.0])
    assert (told.n, told.low, told.median, told.high) == (5, 2.0, 3.0, 4.0)
    assert spread([7.0]) == spread([7.0, 7.0][:1])
    assert spread([7.0]).low == spread([7.0]).high == 7.0


def test_a_disturbed_turn_leaves_its_ratio_alone() -> None:
    """What slows both alike is not in the ratio."""
    assert ratios([2.2, 22.0, 2.2], [2.0, 20.0, 2.0]).high == pytest.approx(1.1)


def test_works_are_done_in_turn() -> None:
    """A B A B, and every result is there."""
    order: list[str] = []
    given = in_turn({name: lambda name=name: order.append(name) for name in "AB"}, 2)
    assert order == ["A", "B", "A", "B"]
    assert {name: len(results) for name, results in given.items()} == {"A": 2, "B": 2}


def test_spans_lie_between_marks() -> None:
    """One fewer than marks, and none longer than all of it."""
    watch, start = Stopwatch(CPU), perf_counter()
    for _ in range(3):
        watch.mark()
    spans = watch.spans()
    assert len(spans) == 2
    assert 0 <= sum(spans, Took(0.0, 0.0)).seconds <= perf_counter() - start


def test_table_lines_up_and_a_bar_is_told() -> None:
    """The first column to the left, the others to the right."""
    assert table(("a", "bb"), [("ccc", 1)]) == "a    bb\nccc   1\n"
    assert (verdict(1.02, 1.03), verdict(1.04, 1.03), verdict(9.0, None)) == ("<= 1.03: yes", "<= 1.03: NO", "")


def test_figures_are_written_as_json(tmp_path: Path) -> None:
    """Where they are wanted, folders and all."""
    write([Took(1.0, 2.0)], tmp_path / "new" / "figures.json")
    assert '"cpu_s": 2.0' in (tmp_path / "new" / "figures.json").read_text(encoding="utf-8")
