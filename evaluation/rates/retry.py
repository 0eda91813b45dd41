"""Which failures of model calls pass with time, and sending those calls again: in this one place."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

from assay.evaluation.rates.backoff import LONGEST_WISH_S, jitter_s
from assay.evaluation.rates.headers import read_headers
from assay.evaluation.rates.limiter import Limiter, Permit
from assay.evaluation.rates.pacing import current_row

T = TypeVar("T")

PASSING = frozenset({408, 409, 425, 429})
_FOR_GOOD = ("insufficient_quota", "billing_hard_limit_reached", "credit balance is too low")  # no waiting cures these
# Without a key no request is sent; LiteLLM makes an error with the status 500 of the provider's complaint about it.
_NO_KEY = re.compile(r"missing credentials|missing [\w ]*api key|api_key\b.{0,20} must be set", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What a good answer said beside its content: headers, and the tokens that were used."""

    headers: Mapping[str, str] = field(default_factory=dict)
    tokens: int | None = None


async def with_retries(
    call: Callable[[], Awaitable[T]],
    *,
    attempts: int,
    limiter: Limiter | None = None,
    tokens: float = 0,
    output_tokens: float = 0,
    answered: Callable[[T], Answered] | None = None,
) -> T:
    """Await `call()` until it succeeds, at most `attempts` times; what it raised last goes on.

    With a limiter every attempt waits for its turn, told as about `tokens` tokens of which `output_tokens` will be in
    the answer, and what came back is learned from: an error's headers are found on it, a success's are what
    `answered(result)` makes of it. Refusals for the rate then do not count as attempts while others get through.
    Between attempts: what the provider asked for (Retry-After), else full jitter.
    """
    ticket = limiter.ticket() if limiter else None
    attempt = 0
    while True:
        permit = await _turn(limiter, tokens, output_tokens, ticket) if limiter else None
        try:
            with sent_again_by_us(paced=limiter is not None):
                result = await call()
            if permit:
                said = answered(result) if answered else Answered()
                permit.answered(200, said.headers, tokens=said.tokens)
            return result
        except Exception as error:
            status = status_of(error)
            if permit and status is not None:
                permit.answered(status, headers_of(error))
            if status == 429 and (row := current_row()):
                row.refused()
            attempt += counts(limiter, status, attempts)
            if attempt >= attempts or not is_passing(error):
                raise
            pause_s = (
                0.0 if permit and status == 429 else _pause_s(attempt, error)
            )  # the limiter itself makes the pause
        finally:
            if permit:
                permit.release()
        await asyncio.sleep(pause_s)


async def _turn(limiter: Limiter, tokens: float, output_tokens: float, ticket: int | None) -> Permit:
    row = current_row()
    patience_s = row.patience_s if row else None
    return await limiter.acquire(tokens, output_tokens=output_tokens, ticket=ticket, timeout_s=patience_s)


def counts(limiter: Limiter | None, status: int | None, attempts: int) -> bool:
    """Does a failure use up one of the call's attempts?

    A call that a limiter sends and a provider refuses for its rate is not at fault: it waits for its next turn as long
    as others get through. Who does not want anything sent again (`attempts` is 1) does not want that either.
    """
    return limiter is None or status != 429 or attempts <= 1 or limiter.hopeless


def is_passing(error: BaseException) -> bool:
    """May the same call succeed later? Rate limits, overload, timeouts, lost connections; never a refused request."""
    if lacks_key(error):
        return False
    status = status_of(error)
    if status is None:
        return isinstance(error, ConnectionError | TimeoutError)
    return may_pass(status, headers_of(error), str(error))


def may_pass(status: int, headers: Mapping[str, str], text: str) -> bool:
    """`is_passing` of an answer: its status, its headers and what it said."""
    if spent_for_good(text) or (_retry_after_s(headers) or 0) > LONGEST_WISH_S:
        return False
    return status in PASSING or status >= 500


def spent_for_good(text: str) -> bool:
    """Does what a provider said mean that the account's quota or credit is used up?"""
    return any(word in text for word in _FOR_GOOD)


def lacks_key(error: BaseException) -> bool:
    """Was there no key to ask the provider with?"""
    return _NO_KEY.search(str(error)) is not None


def status_of(error: BaseException) -> int | None:
    """The HTTP status that an error of a provider's client stands for."""
    status = getattr(error, "status_code", None)
    return status if isinstance(status, int) else None


def headers_of(error: BaseException) -> Mapping[str, str]:
    """The headers of the answer that an error stands for. LiteLLM keeps some of them apart from the response."""
    found: Any = getattr(getattr(error, "response", None), "headers", None) or {}
    more: Any = getattr(error, "litellm_response_headers", None) or {}
    return {**dict(more.items()), **dict(found.items())}


def retry_after_s(error: BaseException) -> float | None:
    """Seconds that the answer asks to wait, from `retry-after-ms` or `retry-after` (a number or a date); None: not
    said.
    """
    return _retry_after_s(headers_of(error))


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    return read_headers(headers, now=time.time()).retry_after_s


def _pause_s(attempt: int, error: BaseException) -> float:
    asked = retry_after_s(error)
    return asked if asked is not None else jitter_s(attempt)


_sender: ContextVar[str | None] = ContextVar("assay_sender", default=None)


@contextmanager
def sent_again_by_us(*, paced: bool) -> Iterator[None]:
    """Requests sent inside are sent again by the caller; and if `paced`, the caller has waited for their turn too."""
    token = _sender.set("paced" if paced else "retried")
    try:
        yield
    finally:
        _sender.reset(token)


def sender() -> str | None:
    """ "paced", "retried", or None: what somebody further out sees to already."""
    return _sender.get()
