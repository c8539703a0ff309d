"""The page: self-contained, whole, and honest in its sentences."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from pipeline.paths import Paths
from pipeline.policies import ADAPTER
from pipeline.report.findings import Findings, failures
from pipeline.report.page import numbers, render, verdict
from pipeline.report.rates import OUTCOMES, kind_table, label_table, policy_table
from pipeline.report.strips import failed, pairs, strips
from pipeline.summary import GROUPS, Summary
from tests.support.evaluation import LADDER


class Balance(HTMLParser):
    """Counts tags that were opened and not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Push."""
        del attrs
        if tag not in {"meta", "img", "line", "circle"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Pop."""
        if self.open and self.open[-1] == tag:
            self.open.pop()


@pytest.fixture(scope="module")
def page(evaluated: Paths) -> str:
    """The written page."""
    return evaluated.report.read_text(encoding="utf-8")


def test_the_page_needs_nothing_from_outside(page: str) -> None:
    """No script, no address but `data:`."""
    assert "<script" not in page
    assert set(re.findall(r'(?:src|href)="([a-z]+:)', page)) == {"data:"}
    assert not re.search(r"url\(|@import|https?://", page)


def test_every_tag_is_closed(page: str) -> None:
    """Browsers forgive, readers of the source do not."""
    parser = Balance()
    parser.feed(page)
    assert parser.open == []


def test_the_page_opens_with_the_three_numbers(page: str, findings: Findings) -> None:
    """In this order."""
    assert [number.name for number in numbers(findings.summary)] == ["gone", "kept", "regret"]
    places = [page.index(f"<b>{number.value}</b><span>{number.name}") for number in numbers(findings.summary)]
    assert places == sorted(places)


def test_words_of_a_prompt_are_never_markup(findings: Findings) -> None:
    """Prompts come from files and from language models."""
    evil = {key: replace(prompt, prompt="<script>alert(1)</script>") for key, prompt in findings.prompts.items()}
    assert "<script>" not in render(replace(findings, prompts=evil), protocol={"name": "x"})


def outdone(summary: Summary, *, wins: bool) -> Summary:
    """The same evaluation with an adapter that always, or never, succeeds; the fixed scale does the opposite."""
    best = {ADAPTER: wins, summary.best: not wins}
    rows = [
        replace(row, success=best[row.policy]) if row.policy in best and row.success is not None else row
        for row in summary.rows
    ]
    return replace(summary, rows=rows)


def test_the_verdict_says_win_loss_or_tie(findings: Findings) -> None:
    """A difference that may be zero is never called a win."""
    assert "beats" in verdict(outdone(findings.summary, wins=True))
    lost = verdict(outdone(findings.summary, wins=False))
    assert "loses to" in lost
    assert "the difference is \u2212" in lost, "a loss has its sign"
    same = {row.prompt_id: row.success for row in findings.summary.of(findings.summary.best or "")}
    tied = [
        replace(row, success=same.get(row.prompt_id)) if row.policy == ADAPTER else row for row in findings.summary.rows
    ]
    assert "not clearly better" in verdict(replace(findings.summary, rows=tied))


def test_strips_show_every_scale_and_who_chose_which(findings: Findings) -> None:
    """The adapter always has a mark, the judge where it gave a label."""
    for strip in strips(findings):
        assert strip.tiles[0].scale == "0"
        assert len(strip.tiles) == len(LADDER)
        marks = [mark for tile in strip.tiles for mark in tile.marks]
        assert marks.count("adapter") == 1
        assert marks.count("judge") <= 1
    assert any("judge" in tile.marks for strip in strips(findings) for tile in strip.tiles)


def test_a_failure_says_what_went_wrong_and_a_success_nothing(findings: Findings) -> None:
    """All failures are shown, until they are too many."""
    assert len(failed(findings)) == min(24, len(failures(findings.summary))) > 0
    assert all(re.search("still seen|lost|no clear picture", pair.note) for pair in failed(findings))
    shown = [pair for those in pairs(findings).values() for pair in those]
    assert all((pair.adapted.state == "success") == (pair.note == "") for pair in shown if pair.adapted.scale != "0")


def test_tables_have_a_line_a_policy_and_a_kind(findings: Findings) -> None:
    """And labels add up to the prompts that were labelled."""
    assert [line.role for line in policy_table(findings.summary)] == ["fixed", "best", "adapter", "fixed", "oracle"]
    assert [line.name for line in kind_table(findings.summary)] == list(GROUPS)
    lines = label_table(findings)
    assert sum(sum(line.counts) for line in lines) == len(findings.labels)
    benign = next(line for line in lines if line.name == "benign")
    assert benign.counts[OUTCOMES.index("absent")] == sum(benign.counts) > 0


def test_a_page_about_nothing_says_so(findings: Findings) -> None:
    """Where the plain model never drew the concept; and it is a whole page all the same."""
    rows = [
        replace(row, found_before=False, gone=None, kept=None, success=None) if row.kind != "benign" else row
        for row in findings.summary.rows
    ]
    some = replace(findings, summary=Summary(rows, None, findings.summary.hindsight))
    none = replace(findings, summary=Summary([replace(row, kept=None, success=None) for row in rows], None, None))
    for blind in (some, none):
        page = render(blind, protocol={"name": "x"})
        assert "Nothing is known about <q>airplane</q>" in page
        assert "compared with none" in page
        assert "The adapter takes" not in page
    assert "The adapter takes" in render(findings, protocol={"name": "x"})
