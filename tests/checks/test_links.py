"""Links of the Markdown pages are followed inside the repository."""

from pathlib import Path

import pytest

from checks.links import anchors, broken, main, pages


def write(folder: Path, text: str) -> Path:
    """A page with this text."""
    page = folder / "page.md"
    page.write_text(text, "utf-8")
    return page


def test_a_link_to_a_file_that_is_there_passes(tmp_path: Path) -> None:
    """The control of the next test."""
    (tmp_path / "there.md").write_text("# There\n", "utf-8")
    assert list(broken(write(tmp_path, '[a](there.md) [b](there.md#there) <img src="there.md">'))) == []


@pytest.mark.parametrize("link", ["[a](gone.md)", "[a](page.md#no-such)", "[a](#no-such)", '<img src="gone.svg">'])
def test_a_link_that_leads_nowhere_is_named(tmp_path: Path, link: str) -> None:
    """Files and headings alike, in Markdown and in HTML."""
    assert len(list(broken(write(tmp_path, f"# Page\n{link}\n")))) == 1


@pytest.mark.parametrize("text", ["[a](https://example.org/gone)", "`[a](gone.md)`", "```\n[a](gone.md)\n```"])
def test_other_machines_and_code_are_left_alone(tmp_path: Path, text: str) -> None:
    """Neither an address with a scheme nor a quoted link is followed."""
    assert list(broken(write(tmp_path, text))) == []


def test_anchors_are_written_as_the_hosts_write_them() -> None:
    """Lower case, punctuation dropped, spaces to hyphens, code marks dropped."""
    assert anchors("# Two commands, first\n## `gie label`: how\n") == {"two-commands-first", "gie-label-how"}


def test_the_repositorys_own_pages_have_no_broken_link() -> None:
    """README.md is among the pages, and every link of all of them leads somewhere."""
    root = Path(__file__).parent.parent.parent
    assert root / "README.md" in pages(root)
    assert main(root) == 0
