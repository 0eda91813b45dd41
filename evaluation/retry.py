"""Retries of model calls: which failures pass with time, and how long to wait for that."""

from __future__ import annotations

import email.utils
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_random_exponential

T = TypeVar("T")

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
LONGEST_WISH_S = 120.0  # a provider that wants us gone for longer is told no: the row fails now

_PASSING = frozenset({408, 409, 425, 429})
_FOR_GOOD = ("insufficient_quota", "billing_hard_limit_reached")  # 429s that no waiting cures
# Without a key no request is sent; LiteLLM makes an error with the status 500 of the provider's complaint about it.
_NO_KEY = re.compile(r"missing credentials|missing [\w ]*api key|api_key\b.{0,20} must be set", re.IGNORECASE)


async def with_retries(call: Callable[[], Awaitable[T]], *, attempts: int) -> T:
    """Await `call()` until it succeeds, at most `attempts` times; what it raised last goes on.

    Between attempts: what the provider asked for (Retry-After), else full jitter, ``uniform(0, min(30, 0.5 * 2^n))``
    seconds, so that many rows that failed together do not come back together.
    """
    retrying = AsyncRetrying(
        retry=retry_if_exception(is_passing), wait=_wait, stop=stop_after_attempt(attempts), reraise=True
    )

    async def attempt() -> T:  # tenacity awaits what it sees to be a coroutine function
        return await call()

    return await retrying(attempt)


def is_passing(error: BaseException) -> bool:
    """May the same call succeed later? Rate limits, overload, timeouts, lost connections; never a refused request."""
    status = getattr(error, "status_code", None)
    if lacks_key(error):
        return False
    if status is None:
        return isinstance(error, ConnectionError | TimeoutError)
    if any(word in str(error) for word in _FOR_GOOD) or (retry_after_s(error) or 0) > LONGEST_WISH_S:
        return False
    return status in _PASSING or status >= 500


def lacks_key(error: BaseException) -> bool:
    """Was there no key to ask the provider with?"""
    return _NO_KEY.search(str(error)) is not None


def retry_after_s(error: BaseException) -> float | None:
    """Seconds that the answer asks to wait, from `retry-after-ms` or `retry-after` (a number or a date); None: not
    said.
    """
    headers: Any = getattr(getattr(error, "response", None), "headers", None) or {}
    try:
        if milliseconds := headers.get("retry-after-ms"):
            return max(0.0, float(milliseconds) / 1000)
        if seconds := headers.get("retry-after"):
            return max(0.0, float(seconds))
    except ValueError:
        try:
            return max(0.0, email.utils.parsedate_to_datetime(headers["retry-after"]).timestamp() - time.time())
        except ValueError:
            return None
    return None


_jitter = wait_random_exponential(multiplier=FIRST_PAUSE_S, max=LONGEST_PAUSE_S)


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = retry_after_s(error) if error else None
    return asked if asked is not None else _jitter(state)
