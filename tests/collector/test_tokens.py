"""Counts include their parts and add up, whatever a sender meant by them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.collector.tokens import Tokens, excludes_cached, totals


def read(**given: Any) -> Tokens:
    return totals(**{"input": None, "output": None, "total": None, "cached": 0, "reasoning": 0, **given})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({"input": 120, "output": 8, "cached": 100}, (120, 8, 128), id="cached-ones-are-in"),
        pytest.param({"input": 10, "output": 8, "cached": 250}, (260, 8, 268), id="more-cached-than-there-are"),
        pytest.param(
            {"input": 300, "output": 8, "cached": 250, "total": 558}, (550, 8, 558), id="the-total-only-fits-with-them"
        ),
        pytest.param({"input": 300, "output": 8, "cached": 250, "total": 308}, (300, 8, 308), id="the-total-fits"),
        pytest.param(
            {"input": 300, "output": 8, "cached": 250, "input_excludes_cached": True}, (550, 8, 558), id="known-sender"
        ),
        pytest.param({"input": 5, "output": 20, "reasoning": 480}, (5, 500, 505), id="more-thought-than-said"),
        pytest.param({"input": 5, "output": 500, "reasoning": 480}, (5, 500, 505), id="thoughts-are-in"),
        pytest.param({"input": 5, "output": 500, "reasoning": 80, "total": 585}, (5, 580, 585), id="thoughts-are-out"),
        pytest.param({"input": 3, "total": 3}, (3, None, 3), id="an-embedding"),
        pytest.param({"total": 7}, (None, None, 7), id="only-a-total"),
        pytest.param({"input": 3, "total": 9}, (3, None, 9), id="a-total-knows-more"),
        pytest.param({"input": 3, "output": 4, "total": 99}, (3, 4, 7), id="a-total-is-a-sum"),
        pytest.param({}, (None, None, None), id="unknown-stays-unknown"),
        pytest.param({"input": 0, "output": 0}, (0, 0, 0), id="none-is-not-unknown"),
    ],
)
def test_counts_include_their_parts_and_add_up(given: dict[str, Any], expected: tuple[int | None, ...]) -> None:
    found = read(**given)
    assert (found.input, found.output, found.total) == expected


COUNT = st.integers(0, 10**6)
MAYBE = st.none() | COUNT


@given(MAYBE, MAYBE, MAYBE, COUNT, COUNT, st.booleans())
def test_no_part_is_ever_larger_than_its_whole(
    input: int | None, output: int | None, total: int | None, cached: int, reasoning: int, excludes: bool
) -> None:
    found = totals(
        input=input,
        output=output,
        total=total,
        cached=cached,
        reasoning=reasoning,
        input_excludes_cached=excludes,
    )
    assert (found.input is None, found.output is None) == (input is None, output is None)
    assert found.input is None or found.input >= max(cached, input or 0)
    assert found.output is None or found.output >= max(reasoning, output or 0)
    if found.input is not None and found.output is not None:
        assert found.total == found.input + found.output


def test_instrumentations_that_pass_on_counts_as_claude_counts_are_known() -> None:
    assert excludes_cached("openlit.instrumentation.anthropic", "anthropic")
    assert not excludes_cached("openlit.instrumentation.openai", "openai")
    assert excludes_cached("opentelemetry.instrumentation.bedrock", None)
    assert not excludes_cached("opentelemetry.instrumentation.anthropic", "anthropic")
