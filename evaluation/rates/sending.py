"""Sending one request at the provider's pace, and again where that may help: for clients that block and for those that
are awaited.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from assay.evaluation.rates.backoff import jitter_s
from assay.evaluation.rates.headers import read_headers
from assay.evaluation.rates.limiter import Limiter, Permit
from assay.evaluation.rates.pacing import RowPace
from assay.evaluation.rates.requests import Call, read_request, used_tokens
from assay.evaluation.rates.retry import PASSING, counts, may_pass
from assay.evaluation.rates.shared import limiter_for

SDK_RETRIES = "x-stainless-retry-count"  # how the openai and anthropic clients say that they send something again
NO_MORE = ("x-should-retry", "false")  # and how they are told not to
# By name: httpx and httpx2 have them both, and they are not each other's.
_LOST = frozenset({"TimeoutException", "NetworkError", "RemoteProtocolError"})


class Sending:
    """One request until it is answered for good. Holds what both kinds of clients do alike; none of it blocks."""

    def __init__(self, request: Any, row: RowPace, *, retried_outside: bool) -> None:
        self.call: Call = read_request(request)
        self.limiter: Limiter = limiter_for(self.call.key)
        self.ticket = self.limiter.ticket()
        self._row = row
        self._attempts = row.pacing.attempts if self.call.repeatable and not retried_outside else 1
        self._ours = not retried_outside
        self._attempt = 0
        if request.headers.get(SDK_RETRIES, "0") != "0" and (lost := row.lost.get(self.call.fingerprint)):
            raise lost  # given up already; the client asks again because exceptions cannot say so

    @property
    def asked(self) -> dict[str, Any]:
        """What to ask the limiter for a permit with."""
        call = self.call
        waits = {"ticket": self.ticket, "timeout_s": self._row.patience_s}
        return {"tokens": call.tokens, "output_tokens": call.output_tokens, **waits}

    def failed(self, error: Exception) -> float | None:
        """Seconds after which to send again, None to let the error go on."""
        self._attempt += 1
        lost = not _LOST.isdisjoint(kind.__name__ for kind in type(error).__mro__)
        if not lost or not self.call.to_model or not self._ours:
            return None
        if self._attempt < self._attempts:
            return jitter_s(self._attempt)
        self._row.lost[self.call.fingerprint] = error
        return None

    def refused(self, response: Any) -> bool:
        """Is the answer an error that sending again might cure? What it says must be read then, streamed or not."""
        status: int = response.status_code
        return status == 429 or (self.call.to_model and (status in PASSING or status >= 500))

    def answered(self, permit: Permit, response: Any) -> float | None:
        """Seconds after which to send again, None to hand the response on."""
        status, headers = response.status_code, response.headers
        permit.answered(status, headers, tokens=self._tokens(response))
        if not self.refused(response):
            return None
        if status == 429:
            self._row.refused()
        if self._may_pass(status, headers, response.text):
            self._attempt += counts(self.limiter, status, self._attempts)
            if self._attempt < self._attempts:
                return self._pause_s(status, headers)
        if self._ours:
            headers[NO_MORE[0]] = NO_MORE[1]
        return None

    def _tokens(self, response: Any) -> int | None:
        content: bytes | None = getattr(response, "_content", None)  # not there while an answer streams
        return used_tokens(content) if content and self.call.to_model and response.status_code < 400 else None

    def _may_pass(self, status: int, headers: Mapping[str, str], text: str) -> bool:
        said = headers.get("x-should-retry")
        return said == "true" if said in ("true", "false") else may_pass(status, headers, text)

    def _pause_s(self, status: int, headers: Mapping[str, str]) -> float:
        if status == 429:
            return 0.0  # the limiter itself makes the pause
        asked = read_headers(headers, now=time.time()).retry_after_s
        return asked if asked is not None else jitter_s(self._attempt)


def send(original: Callable[[], Any], request: Any, row: RowPace, *, retried_outside: bool) -> Any:
    """`original()`, a blocking client's sending of `request`, paced and repeated."""
    sending = Sending(request, row, retried_outside=retried_outside)
    while True:
        permit = sending.limiter.acquire_blocking(**sending.asked)
        try:
            response = original()
            if sending.refused(response):
                response.read()
            pause_s = sending.answered(permit, response)
        except Exception as error:
            pause_s = sending.failed(error)
            if pause_s is None:
                raise
        else:
            if pause_s is None:
                return response
        finally:
            permit.release()
        time.sleep(pause_s)


async def asend(original: Callable[[], Awaitable[Any]], request: Any, row: RowPace, *, retried_outside: bool) -> Any:
    """`send` for a client that is awaited."""
    sending = Sending(request, row, retried_outside=retried_outside)
    while True:
        permit = await sending.limiter.acquire(**sending.asked)
        try:
            response = await original()
            if sending.refused(response):
                await response.aread()
            pause_s = sending.answered(permit, response)
        except Exception as error:
            pause_s = sending.failed(error)
            if pause_s is None:
                raise
        else:
            if pause_s is None:
                return response
        finally:
            permit.release()
        await asyncio.sleep(pause_s)
