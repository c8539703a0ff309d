"""Waits grow, are never the same twice, keep to what the endpoint asks, and end."""

import email.utils
import time
from random import Random

import pytest

from labeling.endpoint.failing import Failure, read_retry_after, read_status
from labeling.endpoint.retrying import Retries

PASSING = Failure("busy", again=True)


def test_waits_double_up_to_a_cap() -> None:
    """Each between half and all of it, so that no two calls come back together."""
    retries = Retries(attempts=9, base_s=1.0, cap_s=8.0, chance=Random(0))  # noqa: S311 - no secret
    for attempt, most in enumerate([1, 2, 4, 8, 8, 8, 8, 8], 1):
        waits = {retries.pause(attempt, PASSING) for _ in range(20)}
        assert len(waits) > 10
        assert all(wait is not None and most / 2 <= wait <= most for wait in waits)
    assert retries.pause(9, PASSING) is None


def test_what_does_not_pass_is_not_waited_for() -> None:
    """Nor what asks for too long a wait."""
    retries = Retries(longest_s=60)
    assert retries.pause(1, Failure("wrong key")) is None
    assert retries.pause(1, Failure("busy", again=True, after_s=61)) is None
    wait = retries.pause(1, Failure("busy", again=True, after_s=59))
    assert wait is not None
    assert wait > 59


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({}, None),
    ],
)
def test_retry_after_has_three_forms(headers: dict[str, str], seconds: float | None) -> None:
    """Milliseconds, seconds, a date; what is none of them says nothing."""
    assert read_retry_after(headers) == seconds
    date = email.utils.formatdate(time.time() + 30, usegmt=True)
    assert read_retry_after({"retry-after": date}) == pytest.approx(30, abs=2)


@pytest.mark.parametrize(
    ("status", "body", "outcome", "again", "closed"),
    [
        (429, '{"error": {"message": "slow down"}}', "transport", True, False),
        (429, '{"error": {"code": "insufficient_quota"}}', "transport", False, True),
        (500, "<html>", "transport", True, False),
        (503, "", "transport", True, False),
        (401, '{"error": {"message": "wrong key"}}', "transport", False, True),
        (404, '{"detail": "no such model"}', "transport", False, True),
        (400, '{"error": {"message": "bad image"}}', "transport", False, False),
        (400, '{"error": {"code": "content_filter"}}', "filtered", False, False),
        (400, '{"error": {"innererror": {"code": "ResponsibleAIPolicyViolation"}}}', "filtered", False, False),
        (400, '{"error": {"message": "not allowed by our safety system"}}', "filtered", False, False),
        (429, '{"error": {"message": "content_filter is busy"}}', "transport", True, False),
    ],
)
def test_a_status_says_whether_to_ask_again(status: int, body: str, outcome: str, again: bool, closed: bool) -> None:
    """A filter's refusal is no rate limit, and an empty account no busy hour."""
    failure = read_status(status, body, {})
    assert (failure.outcome, failure.again, failure.closed) == (outcome, again, closed)
    assert failure.reason.startswith(f"HTTP {status}: ")
