"""Prices are those of the price list, however they are computed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from genai_prices import Usage, calc_price
from hypothesis import given
from hypothesis import strategies as st

from assay.prices import cost_usd

AT = datetime(2026, 11, 1, tzinfo=UTC)
MODELS = [
    ("openai", "gpt-4o-mini"),
    ("openai", "gpt-4o-mini-2024-07-18"),
    ("anthropic", "claude-sonnet-4-5"),  # dearer above 200,000 input tokens
    ("gcp.gemini", "gemini-2.5-pro"),  # likewise
    ("openai", "text-embedding-3-small"),
]
LISTED = {"gcp.gemini": "google"}


def priced(provider: str, model: str, **counts: int) -> float | None:
    usage = {name: counts.get(name, 0) for name in ("output_tokens", "cache_read_tokens", "cache_write_tokens")}
    return cost_usd(
        provider=provider,
        models=(model,),
        at=int(AT.timestamp()) * 10**9,
        input_tokens=counts.get("input_tokens", 0),
        **usage,
    )


@given(st.sampled_from(MODELS), st.integers(0, 400_000), st.integers(0, 9000), st.integers(0, 90), st.integers(0, 9))
def test_a_call_costs_what_the_price_list_says(
    named: tuple[str, str], uncached: int, output: int, read: int, written: int
) -> None:
    provider, model = named
    counts = {
        "input_tokens": uncached + read + written,
        "output_tokens": output,
        "cache_read_tokens": read,
        "cache_write_tokens": written,
    }
    provider_id = LISTED.get(provider, provider)
    listed = calc_price(Usage(**counts), model_ref=model, provider_id=provider_id, genai_request_timestamp=AT)
    assert priced(provider, model, **counts) == pytest.approx(float(listed.total_price), rel=1e-12, abs=1e-15)


def test_what_is_not_in_the_list_has_no_price_and_is_not_free() -> None:
    assert priced("openai", "no-such-model", input_tokens=10) is None
    assert priced("openai", "gpt-4o-mini", input_tokens=1, cache_read_tokens=5) is None
