"""Which failures of model calls pass with time, and how long to wait for that."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from assay.evaluation.rates import is_passing, retry_after_s, with_retries


def failure(status: int | None, message: str = "", **headers: str) -> Exception:
    error = Exception(message)
    error.status_code = status  # type: ignore[attr-defined]
    error.response = SimpleNamespace(headers={name.replace("_", "-"): value for name, value in headers.items()})  # type: ignore[attr-defined]
    return error


@pytest.mark.parametrize(
    ("error", "passing"),
    [
        (failure(429), True),
        (failure(500), True),
        (failure(503), True),
        (failure(408), True),
        (failure(400), False),
        (failure(401), False),
        (failure(404), False),
        (failure(429, "insufficient_quota"), False),
        (failure(500, "OpenAIException - Missing credentials. Please pass an `api_key`"), False),
        (failure(500, "The api_key client option must be set either by passing api_key"), False),
        (failure(500, "litellm.APIConnectionError: Missing Gemini API key."), False),
        (failure(429, retry_after="3600"), False),
        (ConnectionResetError(), True),
        (TimeoutError(), True),
        (ValueError(), False),
    ],
    ids=repr,
)
def test_what_passes_with_time(error: Exception, passing: bool) -> None:
    assert is_passing(error) is passing


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "2"}, 2.0),
        ({"retry_after_ms": "1500", "retry_after": "2"}, 1.5),
        ({"retry_after": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0.0),
        ({"retry_after": "soon"}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(failure(429, **headers)) == seconds


async def test_retries_end_with_the_attempts() -> None:
    calls = 0

    async def call() -> None:
        nonlocal calls
        calls += 1
        raise failure(503, "busy", retry_after_ms="1")

    with pytest.raises(Exception, match="busy"):
        await with_retries(call, attempts=4)
    assert calls == 4
