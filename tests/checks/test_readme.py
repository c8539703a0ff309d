"""README.md says what docs/results/*.json say."""

import json
from pathlib import Path

import pytest

from checks.readme import Column, Results, fill, main, render

ROOT = Path(__file__).parent.parent.parent
PAGE = "before\n<!-- table:objects -->\nold\n<!-- /table:objects -->\nafter\n"
RESULTS = {
    "made_by": "make objects",
    "columns": [
        {"name": "adapter", "form": "text"},
        {"name": "gone", "form": "percent", "at_least": 0.9},
        {"name": "against fixed", "form": "interval"},
    ],
    "rows": [["emoji-cat", 0.95, [0.1, 0.05, 0.15]], ["emoji-car", 0.85, None]],
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one page and one results file."""
    (tmp_path / "docs" / "results").mkdir(parents=True)
    (tmp_path / "docs" / "results" / "objects.json").write_text(json.dumps(RESULTS), "utf-8")
    (tmp_path / "README.md").write_text(PAGE, "utf-8")
    return tmp_path


def test_cells_are_printed_in_their_columns_form() -> None:
    """Shares become percents, intervals points, and what is missing a dash."""
    lines = render(Results.model_validate(RESULTS)).splitlines()
    assert lines[0] == "| adapter | gone (≥ 90.0 %) | against fixed |"
    assert lines[2] == "| emoji-cat | 95.0 % | +10.0 [+5.0, +15.0] |"
    assert lines[3].endswith("| – |")


def test_a_missed_bar_is_marked_and_a_met_one_is_not() -> None:
    """Who reads the table sees where it falls short."""
    table = render(Results.model_validate(RESULTS))
    assert "85.0 % ✗" in table
    assert "95.0 % ✗" not in table


def test_filling_keeps_the_page_around_the_table(project: Path) -> None:
    """Only what stands between the markers changes."""
    filled = fill(PAGE, project / "docs" / "results")
    assert filled.startswith("before\n<!-- table:objects -->")
    assert filled.endswith("<!-- /table:objects -->\nafter\n")
    assert "old" not in filled


def test_filling_twice_equals_filling_once(project: Path) -> None:
    """A filled page is a fixed point."""
    once = fill(PAGE, project / "docs" / "results")
    assert fill(once, project / "docs" / "results") == once


def test_check_fails_on_a_stale_table_until_it_is_filled(project: Path) -> None:
    """`--check` reports and changes nothing; without it the page is filled."""
    assert main(["--check"], project) == 1
    assert (project / "README.md").read_text("utf-8") == PAGE
    assert main([], project) == 0
    assert main(["--check"], project) == 0


def test_one_table_can_be_shown(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--show` prints the table as the page would have it, and leaves the page alone."""
    assert main(["--show", "objects"], project) == 0
    assert capsys.readouterr().out == render(Results.model_validate(RESULTS))
    assert (project / "README.md").read_text("utf-8") == PAGE


def test_a_table_without_results_says_so(tmp_path: Path) -> None:
    """An empty table is never taken for a measured one."""
    assert "Not measured yet." in fill(PAGE, tmp_path)


def test_a_row_of_another_length_is_refused() -> None:
    """A cell never slips under the wrong heading."""
    results = Results(made_by="x", columns=[Column(name="a"), Column(name="b")], rows=[[1.0]])
    with pytest.raises(ValueError, match="argument 2 is"):
        render(results)


def test_committed_results_can_be_printed() -> None:
    """Each results file is a table that README.md could show."""
    for file in (ROOT / "docs" / "results").glob("*.json"):
        assert render(Results.model_validate_json(file.read_text("utf-8"))).startswith("| "), file
