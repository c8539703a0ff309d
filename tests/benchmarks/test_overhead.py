"""The benchmarks of generations run at tiny size on the CPU: the same code as at the real sizes and on a GPU."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks import overhead
from benchmarks.costs import Subject, time_costs
from benchmarks.generations import Case, Generation, Variant, generate, open_random
from benchmarks.measuring import Took
from benchmarks.overhead import VARIANTS, bar_of, main, one_a_size

CPU = torch.device("cpu")
CASE = Case("tiny", 64, 2, 3)


@pytest.fixture
def pipe() -> Any:
    """A tiny pipeline, as the benchmarks open it."""
    return open_random("tiny", device=CPU, dtype=torch.float32)


def test_case_is_read_from_one_word() -> None:
    """Model, pixels, batch, steps."""
    assert Case.read("tiny:64:2:3") == CASE


def test_a_generation_is_its_first_step_and_the_later_ones(pipe: Any) -> None:
    """Each timed, in whatever variant; together they are the whole."""
    for variant in (*VARIANTS, "literal"):
        generation = generate(pipe, CASE, variant)
        assert len(generation.later) == CASE.steps - 1
        assert generation.whole.seconds >= generation.first.seconds > 0


def test_a_variant_is_held_against_the_first_of_its_turn(pipe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """With times that are known: steps three halves, the whole with its first step twice as long."""
    known: dict[Variant, Generation] = {
        "plain": Generation(Took(2.0, 4.0), [Took(1.0, 2.0)] * 2),
        "1 concept": Generation(Took(6.0, 8.0), [Took(2.0, 3.0)] * 2),
    }
    monkeypatch.setattr("benchmarks.costs.generate", lambda _pipe, _case, variant: known[variant])
    subject = Subject(CASE, CPU, torch.float32)
    step, whole = time_costs(pipe, subject, ("plain", "1 concept"), rounds=2, bars=bar_of)
    assert (step.what, step.ratio.n, step.ratio.median, step.wall and step.wall.median) == ("step", 4, 1.5, 2.0)
    assert (whole.what, whole.ratio.n, whole.ratio.median) == ("generation of 3", 2, 14 / 8)
    assert step.missed
    assert whole.bar is None


def test_bars_hold_for_a_step_and_for_fifty() -> None:
    """And for one concept's memory; a short generation is only told."""
    assert (bar_of("1 concept", "step"), bar_of("3 concepts", "generation of 50")) == (1.03, 1.08)
    assert (bar_of("1 concept", "generation of 4"), bar_of("3 concepts", "peak memory")) == (None, None)
    assert bar_of("1 concept", "peak memory") == 1.03


def test_memory_is_measured_once_a_size() -> None:
    """Not again for another number of steps."""
    assert len(one_a_size([CASE, Case("tiny", 64, 2, 50), Case("tiny", 64, 4, 3)])) == 2


def test_whole_command_writes_what_it_prints(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Times in two forms and memory, at tiny size; the processes that measure memory are left out here."""
    monkeypatch.setattr(overhead, "peaks_on_cpu", lambda _subject, variants: dict.fromkeys(variants, 2**30))
    out = tmp_path / "figures.json"
    main([
        "--cases", "tiny:64:1:2", "--dtypes", "float32", "--forms", "eager", "channels_last", "--rounds", "1",
        "--out", str(out),
    ])  # fmt: skip
    rows = json.loads(out.read_text(encoding="utf-8"))
    assert [row["what"] for row in rows] == ["peak memory"] * 2 + [
        "step",
        "step",
        "generation of 2",
        "generation of 2",
    ] * 2
    assert capsys.readouterr().out.count("\n") >= len(rows)


@pytest.mark.slow
def test_memory_is_that_of_a_process_of_its_own() -> None:
    """More than the weights, less than the machine."""
    peaks = overhead.peaks_on_cpu(Subject(CASE, CPU, torch.float32), ("plain",))
    assert 2**26 < peaks["plain"] < 2**34
