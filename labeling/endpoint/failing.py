"""An attempt without an answer: whether another one may help, when, and whether it may have been paid for."""

import email.utils
import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from labeling.outcomes import VerdictOutcome

if TYPE_CHECKING:
    from openai import APIError

FILTERS = ("content_filter", "content_policy_violation", "responsibleaipolicyviolation", "safety system")
"""How endpoints say in an error that their filter stopped the request."""
AGAIN = {408, 409, 425, 429}
CLOSED = {401, 403, 404}
"""Wrong key, no right to it, no such model: the next question fails the same way."""
EMPTY = ("insufficient_quota", "billing_hard_limit_reached")


@dataclass(frozen=True)
class Failure:
    """Why there is no answer."""

    reason: str
    outcome: VerdictOutcome = "transport"
    again: bool = False
    """Whether the same question may be answered another time."""
    throttled: bool = False
    """Too many calls at once, or in too short a time."""
    after_s: float | None = None
    """How long the endpoint wants to be left alone."""
    billed: bool = False
    """Whether it may have been paid for: the endpoint got the question, its answer was lost."""
    closed: bool = False
    """Whether no other question will be answered either."""
    raw: str = "{}"
    cost_usd: float = 0.0


def read_error(error: "APIError") -> Failure:
    """What an exception of openai's client means."""
    from openai import APIConnectionError, APIStatusError, APITimeoutError

    cause = type(error.__cause__).__name__
    if isinstance(error, APIStatusError):
        return read_status(error.status_code, error.response.text, error.response.headers)
    if isinstance(error, APITimeoutError):
        return Failure("no answer in time", again=True, billed=cause not in {"ConnectTimeout", "PoolTimeout"})
    if isinstance(error, APIConnectionError):
        sent = cause not in {"ConnectError", "UnsupportedProtocol"}
        return Failure(f"no connection ({cause or 'lost'})", again=True, billed=sent)
    return Failure(f"no answer that can be read ({type(error).__name__})", again=True, billed=True)


def read_status(status: int, body: str, headers: Mapping[str, str]) -> Failure:
    """What a reply with a status other than 200 means."""
    said = body.lower()
    reason = f"HTTP {status}: {_message(body)}"
    raw = body if _is_json(body) else json.dumps(body[:2000])
    if status in {400, 403, 422} and any(sign in said for sign in FILTERS):
        return Failure(reason, "filtered", raw=raw)
    if any(sign in said for sign in EMPTY):
        return Failure(reason, closed=True, raw=raw)
    after = read_retry_after(headers)
    if status == 429:
        return Failure(reason, again=True, throttled=True, after_s=after, raw=raw)
    return Failure(reason, again=status in AGAIN or status >= 500, after_s=after, closed=status in CLOSED, raw=raw)


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the endpoint asks to wait, from any of the three forms of the header; None when it says nothing."""
    for name, divisor in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            seconds = float(headers[name]) / divisor
        except (KeyError, ValueError):
            continue
        return max(0.0, seconds) if not math.isnan(seconds) else None
    try:
        date = email.utils.parsedate_to_datetime(headers.get("retry-after", ""))
    except ValueError:
        return None
    return max(0.0, date.timestamp() - time.time())


def _message(body: str) -> str:
    """The message in an error's body, or its beginning; one line."""
    try:
        value: Any = json.loads(body)
    except json.JSONDecodeError:
        value = body
    if isinstance(value, dict):
        error: Any = cast("dict[str, Any]", value).get("error", value)
        value = cast("dict[str, Any]", error).get("message", error) if isinstance(error, dict) else error
    return " ".join(str(value).split())[:300] or "no message"


def _is_json(body: str) -> bool:
    try:
        json.loads(body)
    except json.JSONDecodeError:
        return False
    return True
