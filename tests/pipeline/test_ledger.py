"""The ledger: what was put comes back, what is damaged or half written was never there."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.ledger import Ledger, default_folder, ledger_key
from pipeline.tables import SweepImage

ROWS = [SweepImage("a" * 16, scale, b"png") for scale in (0.0, -1.0)]
KEY = ledger_key(what="pictures")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """An empty one."""
    return Ledger(tmp_path / "ledger")


def files(ledger: Ledger) -> list[Path]:
    """Everything in its folder."""
    return [path for path in ledger.folder.rglob("*") if path.is_file()]


def test_what_was_put_comes_back(ledger: Ledger) -> None:
    """Rows and JSON values, each under its key and no other."""
    assert ledger.get_rows(KEY, SweepImage) is None
    assert ledger.get_json(KEY) is None
    assert not ledger.has_rows(KEY)
    ledger.put_rows(KEY, SweepImage, ROWS)
    ledger.put_json(KEY, {"scale": -1.5})
    assert ledger.get_rows(KEY, SweepImage) == ROWS
    assert ledger.get_json(KEY) == {"scale": -1.5}
    assert ledger.has_rows(KEY)
    assert ledger.get_rows(ledger_key(what="probes"), SweepImage) is None


def test_a_damaged_entry_was_never_there(ledger: Ledger) -> None:
    """It is made again."""
    ledger.put_rows(KEY, SweepImage, ROWS)
    ledger.put_json(KEY, [1])
    for path in files(ledger):
        path.write_bytes(path.read_bytes()[:-5] if path.suffix == ".parquet" else b"[1")
    assert ledger.get_rows(KEY, SweepImage) is None
    assert ledger.get_json(KEY) is None


def test_a_failed_entry_leaves_nothing(ledger: Ledger) -> None:
    """Neither an entry nor what was written aside."""
    with pytest.raises(ValueError, match="rising"):
        ledger.put_rows(KEY, SweepImage, ROWS[::-1])
    assert files(ledger) == []


@given(st.dictionaries(st.text(max_size=5), st.one_of(st.integers(), st.text(max_size=5), st.floats(allow_nan=False))))
def test_a_key_depends_on_what_and_not_on_the_order(parts: dict[str, object]) -> None:
    """64 hex digits."""
    key = ledger_key(parts=parts)
    assert key == ledger_key(parts=dict(reversed(parts.items())))
    assert len(key) == 64
    assert key != ledger_key(parts={**parts, "one more": 1})


def test_its_folder_is_the_environment_s_or_the_user_s(monkeypatch: pytest.MonkeyPatch) -> None:
    """Always an absolute one: stages run in more than one folder."""
    monkeypatch.setenv("GIE_LEDGER", "here")
    assert default_folder() == Path.cwd() / "here"
    monkeypatch.delenv("GIE_LEDGER")
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert default_folder() == Path("/caches/gie/ledger")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert default_folder() == Path.home() / ".cache" / "gie" / "ledger"
