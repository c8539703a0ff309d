"""The one place that says what went wrong, in one line, and with which code the command ends.

2: the user's mistake, running again changes nothing. 1: a failure from outside, running again may help. 3: the allowed money is
spent, what it paid for is written. 130: stopped by the user. Whatever is not known here is a mistake of ours, and keeps its traceback.
"""

import errno
from dataclasses import dataclass

MISTAKE, OUTSIDE, SPENT, STOPPED = 2, 1, 3, 130
OURS = {"gie", "labeling", "pipeline", "training"}
RESUME = "what was finished is kept, the same command goes on from there"


@dataclass(frozen=True)
class Failure:
    """How a command ends."""

    code: int
    line: str


def explain(error: BaseException) -> Failure | None:  # noqa: PLR0911 - one kind of failure a line
    """The failure that an error is for the user; None for an error of ours."""
    from gie.errors import GieError, InputError
    from labeling.errors import BudgetError, LabelingError

    match error:
        case KeyboardInterrupt():
            return Failure(STOPPED, f"stopped; {RESUME}")
        case BudgetError():
            return Failure(SPENT, one_line(error))
        case InputError() | LabelingError():
            return Failure(MISTAKE, one_line(error))
        case ModuleNotFoundError() if (error.name or "").partition(".")[0] not in OURS:
            return Failure(
                MISTAKE, f"expected {error.name} to be installed, got none; pip install 'gie-erase[pipeline]'"
            )
        case GieError():
            return Failure(OUTSIDE, one_line(error))
        case BrokenPipeError():
            return None  # who read our output has seen enough, as in `gie plan NAME | head`: click ends without a word
        case OSError():
            return Failure(OUTSIDE, _from_outside(error))
        case _ if type(error).__name__ == "OutOfMemoryError":  # torch's, named without importing torch
            return Failure(
                OUTSIDE, f"expected the batch to fit in memory, got {one_line(error)}; lower sweep.batch_size"
            )
        case _:
            return None


def one_line(error: BaseException) -> str:
    """The error's text without line breaks."""
    return " ".join(str(error).split())


def _from_outside(error: OSError) -> str:
    where = f" while writing {error.filename}" if error.filename else ""
    if error.errno == errno.ENOSPC:
        return f"expected room on the disk, got a full one{where}; free some, then run again: {RESUME}"
    return f"{one_line(error)}; when that is put right, run again: {RESUME}"
