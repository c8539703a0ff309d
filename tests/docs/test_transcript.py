"""Transcripts are read and compared so that a wrong line is found."""

from pathlib import Path

import pytest

from tests.support.transcript import Step, missing, run, steps

PAGE = "text\n```console\n$ echo one 1\none 2\n...\n\n$ true\n```\nmore\n```python\n$ no\n```\n"


def test_commands_are_read_with_what_they_show() -> None:
    """Of console blocks alone."""
    assert list(steps(PAGE)) == [Step("echo one 1", ("one 2",)), Step("true", ())]


def test_numbers_may_differ_and_words_may_not(tmp_path: Path) -> None:
    """`one 2` is found in `one 1`; `two` is not."""
    [step, _] = steps(PAGE)
    printed = run(step, cwd=tmp_path, environment={})
    assert missing(step, printed) == []
    assert missing(Step("", ("two 1",)), printed) == ["two 1"]


def test_a_command_that_fails_is_shown(tmp_path: Path) -> None:
    """With its output."""
    with pytest.raises(AssertionError, match="no such"):
        run(Step("echo no such; exit 3", ()), cwd=tmp_path, environment={})
