"""What answers say of rate limits, in every form that is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.evaluation.rates.headers import Reading, duration_s, read_headers

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
SECONDS = NOW.timestamp()


@pytest.mark.parametrize(
    ("text", "seconds", "error"),
    [
        ("1s", 1.0, 1.0),
        ("6m0s", 360.0, 1.0),
        ("120ms", 0.12, 0.001),
        ("1h2m3.5s", 3723.5, 0.1),
        ("7.66s", 7.66, 0.01),
        ("1d", 86400.0, 86400.0),
        ("30", 30.0, 1.0),
        ("0.5", 0.5, 0.1),
        ("2026-03-01T12:01:30Z", 90.0, 1.0),
        ("2026-03-01T12:00:01.500+00:00", 1.5, 0.001),
        ("2026-03-01T11:00:00Z", 0.0, 1.0),
        ("Sun, 01 Mar 2026 12:00:20 GMT", 20.0, 1.0),
        (str(int(SECONDS) + 15), 15.0, 1.0),
        (str(int(SECONDS) * 1000 + 15_000), 15.0, 0.001),
    ],
)
def test_durations_are_read_with_their_precision(text: str, seconds: float, error: float) -> None:
    assert duration_s(text, now=SECONDS) == (pytest.approx(seconds), pytest.approx(error))


@pytest.mark.parametrize("text", ["", "soon", "-1s", "1s2", "5x", "nan", "inf", "1,5s", "2026-13-01T00:00:00Z"])
def test_what_is_no_duration_is_nothing(text: str) -> None:
    assert duration_s(text, now=SECONDS) is None


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 999), st.sampled_from("hms")), min_size=1, max_size=4))
def test_a_written_duration_is_the_sum_of_its_parts(parts: list[tuple[int, str]]) -> None:
    found = duration_s("".join(f"{count}{unit}" for count, unit in parts), now=0.0)
    assert found is not None
    assert found[0] == sum(count * {"h": 3600, "m": 60, "s": 1}[unit] for count, unit in parts)


@settings(max_examples=25)
@given(st.integers(0, 10**6))
def test_a_moment_is_as_far_away_as_it_is(seconds: int) -> None:
    written = (NOW + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")
    assert duration_s(written, now=SECONDS) == (seconds, 1.0)


@settings(max_examples=25)
@given(st.text(max_size=20))
def test_no_text_is_too_strange(text: str) -> None:
    found = duration_s(text, now=SECONDS)
    assert found is None or (found[0] >= 0 and found[1] > 0)
    read_headers({"x-ratelimit-limit-requests": text, "retry-after": text, "retry-after-ms": text}, now=SECONDS)


OPENAI = {
    "x-ratelimit-limit-requests": "5000",
    "x-ratelimit-remaining-requests": "4999",
    "x-ratelimit-reset-requests": "12ms",
    "x-ratelimit-limit-tokens": "160000",
    "x-ratelimit-remaining-tokens": "159000",
    "x-ratelimit-reset-tokens": "375ms",
}
READ = {"requests": Reading(5000, 4999, 0.012, 0.001), "tokens": Reading(160000, 159000, 0.375, 0.001)}


@pytest.mark.parametrize("prefix", ["", "llm_provider-", "LLM_PROVIDER-"])
def test_openais_form_also_as_litellm_hands_it_on(prefix: str) -> None:
    told = read_headers({prefix + name: value for name, value in OPENAI.items()}, now=SECONDS)
    assert told.readings.keys() == READ.keys()
    for name, reading in READ.items():
        got = told.readings[name]
        assert (got.limit, got.remaining) == (reading.limit, reading.remaining)
        assert (got.reset_s, got.reset_error_s) == pytest.approx((reading.reset_s, reading.reset_error_s))


def test_anthropics_form_with_limits_for_what_goes_in_and_comes_out() -> None:
    told = read_headers(
        {
            "anthropic-ratelimit-requests-limit": "50",
            "anthropic-ratelimit-requests-remaining": "49",
            "anthropic-ratelimit-requests-reset": "2026-03-01T12:00:02Z",
            "anthropic-ratelimit-input-tokens-limit": "40000",
            "anthropic-ratelimit-input-tokens-remaining": "39000",
            "anthropic-ratelimit-output-tokens-remaining": "8000",
            "retry-after": "7",
        },
        now=SECONDS,
    )
    assert told.readings == {
        "requests": Reading(50, 49, 2.0, 1.0),
        "input_tokens": Reading(40000, 39000),
        "output_tokens": Reading(None, 8000),
    }
    assert told.retry_after_s == 7.0


def test_azure_tells_only_what_remains() -> None:
    told = read_headers({"X-RateLimit-Remaining-Requests": "58", "x-ratelimit-remaining-tokens": "-1"}, now=SECONDS)
    assert told.readings == {"requests": Reading(None, 58)}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "2"}, 2.0),
        ({"Retry-After": "1.5"}, 1.5),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"retry-after": "3s"}, 3.0),
        ({"retry-after": "Sun, 01 Mar 2026 12:00:09 GMT"}, 9.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert read_headers(headers, now=SECONDS).retry_after_s == seconds
