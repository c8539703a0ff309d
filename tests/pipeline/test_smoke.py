"""The assertion at the end of `gie smoke`."""

import pytest

from gie.errors import GieError
from pipeline.smoke import SEEN, verdict
from pipeline.tables import EvaluationRow


def rows(count: int, gone: int) -> list[EvaluationRow]:
    """Test prompts whose plain picture shows the concept; on the first ones the adapter erases it."""
    return [
        EvaluationRow(
            prompt_id=f"{index:016x}",
            kind="explicit",
            split="test",
            policy="adapter",
            scale=-2.0,
            target_before=0.9,
            target=0.1 if index < gone else 0.9,
            found_before=True,
            found=index >= gone,
            other_found=None,
            style_found=None,
            background_found=None,
            rest=None,
            quality=1.0,
            gone=index < gone,
            kept=True,
            success=index < gone,
        )
        for index in range(count)
    ]


def test_it_passes_where_enough_is_erased() -> None:
    """And says of how many."""
    assert verdict(rows(10, 9)) == "smoke: 10 with the concept on the plain picture, gone on 9 of them with the adapter"


@pytest.mark.parametrize(("count", "gone"), [(10, 2), (SEEN - 1, SEEN - 1), (0, 0)])
def test_it_fails_where_too_little_is_erased_or_was_there(count: int, gone: int) -> None:
    """A model that draws no airplane erases none."""
    with pytest.raises(GieError, match=f"got {count} with the concept on the plain picture, gone on {gone}"):
        verdict(rows(count, gone))
