"""Fills the tables of README.md from `docs/results/*.json`: `python -m checks.readme`.

With `--check` it fails where they differ; with `--show NAME` it prints one table.

A measured number is written once, as JSON, by the command that measured it. Between `<!-- table:NAME -->` and `<!-- /table:NAME -->`
stands the table of `docs/results/NAME.json`, so that the page never says what nobody measured.
"""

import re
import sys
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

__all__ = ["Column", "Results", "fill", "main", "render"]

ROOT = Path(__file__).parent.parent
MARKED = re.compile(r"(<!-- table:(?P<name>[a-z0-9-]+) -->\n).*?(<!-- /table:(?P=name) -->)", re.DOTALL)

Cell = str | float | list[float] | None


class Record(BaseModel):
    """Base of what stands in a results file."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(Record):
    """One column of a table."""

    name: str
    form: Literal["text", "percent", "number", "interval"] = "number"
    """interval: the cell is [mean, low, high] in shares, printed in points."""
    at_least: float | None = None
    """The bar that was set for it; a cell below is marked."""


class Picture(Record):
    """One picture below a table."""

    file: str
    """Relative to the repository's root."""
    text: str
    """What it shows, for who cannot see it."""


class Results(Record):
    """One measured table."""

    made_by: str
    """The command that writes this file."""
    columns: list[Column]
    rows: list[list[Cell]]
    notes: list[str] = []
    """Sentences below the table."""
    pictures: list[Picture] = []


def render(results: Results) -> str:
    """The table in Markdown, its notes, its pictures and the command it came from.

    Raises:
        ValueError: a row has more or fewer cells than there are columns.
    """
    names = [f"{column.name}{_bar(column)}" for column in results.columns]
    rules = [":---" if column.form == "text" else "---:" for column in results.columns]
    rows = [[_cell(cell, column) for cell, column in zip(row, results.columns, strict=True)] for row in results.rows]
    table = "".join(f"| {' | '.join(cells)} |\n" for cells in [names, rules, *rows])
    pictures = [f"![{picture.text}]({picture.file})" for picture in results.pictures]
    return "\n".join(f"{part}\n" for part in [table[:-1], *results.notes, *pictures, f"Made by `{results.made_by}`."])


def _bar(column: Column) -> str:
    return "" if column.at_least is None else f" (≥ {_value(column.at_least, column.form)})"


def _cell(cell: Cell, column: Column) -> str:
    if cell is None or isinstance(cell, str):
        return cell or "–"
    if isinstance(cell, list):
        mean, low, high = (f"{100 * value:+.1f}" for value in cell)
        return f"{mean} [{low}, {high}]"
    missed = column.at_least is not None and cell < column.at_least
    return _value(cell, column.form) + (" ✗" if missed else "")


def _value(value: float, form: str) -> str:
    return f"{100 * value:.1f} %" if form == "percent" else f"{value:g}"


def fill(page: str, folder: Path) -> str:
    """`page` with every marked table as its JSON in `folder` says; a table without JSON yet is said to be missing."""

    def table(match: re.Match[str]) -> str:
        file = folder / f"{match['name']}.json"
        text = render(Results.model_validate_json(file.read_text("utf-8"))) if file.exists() else "Not measured yet.\n"
        return f"{match[1]}\n{text}\n{match[3]}"

    return MARKED.sub(table, page)


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Do what the module says; the exit code."""
    page, folder = root / "README.md", root / "docs" / "results"
    if "--show" in arguments:
        sys.stdout.write(render(Results.model_validate_json((folder / f"{arguments[-1]}.json").read_text("utf-8"))))
        return 0
    before = page.read_text("utf-8")
    after = fill(before, folder)
    if "--check" not in arguments:
        page.write_text(after, "utf-8")
    elif before != after:
        sys.stderr.write("README.md: expected the tables of docs/results/*.json, got others: python -m checks.readme\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
