"""What an adapter must show: each threshold on its own."""

from dataclasses import replace

import pytest

from gie.errors import InputError
from pipeline.hub.facts import Facts, gather_facts
from pipeline.hub.gate import missed_thresholds, refuse_unready
from pipeline.paths import Paths
from pipeline.settings import PublishSettings, read_recipe
from tests.support.publishing import LAX, NAME


@pytest.fixture
def facts(finished: Paths) -> Facts:
    """Of the finished project."""
    return gather_facts(read_recipe(NAME, finished.root / "params.yaml"), finished)


def with_gone(facts: Facts, *, gone: bool | None) -> Facts:
    """The same evaluation with this on every picture where it was asked."""
    rows = [replace(row, gone=gone if row.gone is not None else None) for row in facts.summary.rows]
    return replace(facts, summary=replace(facts.summary, rows=rows))


def test_what_passes_is_not_refused(facts: Facts) -> None:
    """The control."""
    refuse_unready(facts, PublishSettings.model_validate(LAX))
    assert (
        list(
            missed_thresholds(with_gone(facts, gone=True), PublishSettings.model_validate(LAX | {"gone_at_least": 1.0}))
        )
        == []
    )


@pytest.mark.parametrize(
    ("gone", "said"), [(False, "gone 0.0%, which must be 30.0% or more"), (None, "gone not measured")]
)
def test_what_does_not_erase_is_refused(facts: Facts, gone: bool | None, said: str) -> None:
    """Nor what was never measured: an evaluation whose plain pictures show no concept says nothing."""
    with pytest.raises(InputError, match=said):
        refuse_unready(with_gone(facts, gone=gone), PublishSettings.model_validate(LAX))


def test_an_evaluation_of_nothing_is_refused(facts: Facts) -> None:
    """Where no test prompt counted, nothing was measured, and nothing is promised."""
    rows = [replace(row, gone=None, kept=None, success=None) for row in facts.summary.rows]
    blind = replace(facts, summary=replace(facts.summary, rows=rows))
    missed = list(missed_thresholds(blind, PublishSettings.model_validate(LAX)))
    assert [phrase.split(",")[0] for phrase in missed] == [
        "gone not measured",
        "kept not measured",
        "regret not measured",
    ]


def test_all_misses_are_listed_at_once(facts: Facts) -> None:
    """Not one a run."""
    strict = PublishSettings(gone_at_least=1.0, kept_at_least=1.0, regret_at_most=0.0)
    missed = list(missed_thresholds(with_gone(facts, gone=False), strict))
    assert [phrase.split()[0] for phrase in missed] == ["gone", "kept", "regret"]
