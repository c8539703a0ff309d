"""Which error is whose, and how a command ends."""

import errno

import pytest

from gie.errors import GieError, InputError, OutsideError
from labeling.errors import BudgetError, LabelingError
from pipeline.failures import explain


class OutOfMemoryError(RuntimeError):
    """Called as torch's."""


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (InputError("expected a, got b"), 2, "expected a, got b"),
        (LabelingError("two\n lines"), 2, "two lines"),
        (BudgetError("the budget was reached"), 3, "the budget was reached"),
        (ModuleNotFoundError("No module named 'lightning'", name="lightning"), 2, "expected lightning to be installed"),
        (OutsideError("the hub is away"), 1, "the hub is away"),
        (GieError("not inhibited"), 1, "not inhibited"),
        (OSError(errno.ENOSPC, "No space left on device", "/data/x"), 1, "got a full one while writing /data/x"),
        (PermissionError(errno.EACCES, "Permission denied", "/data/x"), 1, "Permission denied: '/data/x'"),
        (OutOfMemoryError("CUDA out of memory"), 1, "lower sweep.batch_size"),
        (KeyboardInterrupt(), 130, "stopped; what was finished is kept"),
    ],
)
def test_a_known_failure_has_a_code_and_a_line(error: BaseException, code: int, said: str) -> None:
    """2 for the user's mistakes, 1 for failures from outside, 3 for spent money, 130 for ctrl-c."""
    failure = explain(error)
    assert failure is not None
    assert failure.code == code
    assert said in failure.line
    assert "\n" not in failure.line


@pytest.mark.parametrize(
    "error", [KeyError("x"), AssertionError(), ModuleNotFoundError("no pipeline.x", name="pipeline.x")]
)
def test_a_mistake_of_ours_is_not_explained_away(error: Exception) -> None:
    """It keeps its traceback."""
    assert explain(error) is None
