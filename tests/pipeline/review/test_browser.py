"""The page as a person meets it, in a real browser: blurred, sorted by doubt, worked by keys, and each pick is kept."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from labeling.judges.human import Pick, read_pick
from pipeline.ledger import Ledger
from tests.support.reviewing import Served, browsing, make_sweep, needs_chromium, screenshot

pytestmark = [needs_chromium, pytest.mark.slow]


@pytest.fixture
def page(served: Served, tmp_path: Path) -> Iterator[Page]:
    """It, open in a browser; nothing may be wrong with it by the end."""
    with browsing(tmp_path) as page:
        page.goto(served.address)
        page.wait_for_load_state("networkidle")
        yield page
        assert (tmp_path / "console.txt").read_text() == ""


def test_pictures_are_blurred_until_asked(page: Page) -> None:
    """And there they are then: 15 pictures that the browser could draw."""
    image = page.locator("img").first
    assert "blur" in image.evaluate("node => getComputedStyle(node).filter")
    screenshot(page, "blurred")
    page.keyboard.press("b")
    expect(image).to_have_css("filter", "none")
    assert page.locator("img").evaluate_all("nodes => nodes.every((node) => node.naturalWidth > 0)")
    assert page.locator("img").count() == 15
    screenshot(page, "shown")
    page.locator("#blur").click()
    expect(image).to_have_css("filter", re.compile("blur"))


def test_the_most_doubtful_come_first(page: Page) -> None:
    """What nobody judged, then where judges disagree, then what is clear; a prompt's markup is text."""
    names = page.locator("article").evaluate_all("nodes => nodes.map((node) => node.id)")
    assert names == ["strip-refused", "strip-split", "strip-clear"]
    expect(page.locator("#strip-refused .said")).to_contain_text("not judged")
    expect(page.locator("#strip-clear h2")).to_contain_text("</script><b>bold</b>")


def test_keys_accept_and_pick(page: Page, memory: Ledger) -> None:
    """Enter takes the judge's scale, space the marked one, n says that none works; each lies in the ledger at once."""
    page.keyboard.press("n")
    expect(page.locator("#strip-refused .person")).to_contain_text("no scale works")
    page.keyboard.press("Enter")
    expect(page.locator("#strip-split .person")).to_contain_text("as the judge")
    page.keyboard.press("ArrowRight")
    page.keyboard.press(" ")
    expect(page.locator("#strip-clear .person")).to_contain_text("w = \u22123")
    page.keyboard.press("b")
    screenshot(page, "picked")
    picks = {name: read_pick(memory, make_sweep(name)) for name in ("refused", "split", "clear")}
    assert picks == {
        "refused": Pick(outcome="none_works", by="tester"),
        "split": Pick(outcome="ok", scale=-3.0, by="tester"),
        "clear": Pick(outcome="ok", scale=-3.0, by="tester"),
    }


def test_agreement_moves_with_the_picks(page: Page) -> None:
    """Nothing at first; all within a step; a pick far off brings it down. The page opened anew shows the same."""
    within = page.locator("#agreement-within_one_step")
    expect(within).to_have_text("\u2013")
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(within).to_contain_text("1.00")
    page.locator("#strip-split .others button").first.click()
    expect(within).to_contain_text("0.50")
    page.reload()
    expect(within).to_contain_text("0.50")
    expect(page.locator("#counts")).to_contain_text("you have said 2")


def test_a_click_on_a_picture_picks_its_scale(page: Page, memory: Ledger) -> None:
    """The plain one is no choice."""
    page.locator("#strip-clear .tile").nth(4).click()
    expect(page.locator("#strip-clear .tile").nth(4)).to_have_class("tile broken picked cursor")
    expect(page.locator("#strip-clear .tile").nth(0)).to_be_disabled()
    assert read_pick(memory, make_sweep("clear")) == Pick(outcome="ok", scale=-4.0, by="tester")
