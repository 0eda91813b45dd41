"""Steps, repetitions, retries, errors, time, tokens and money, read from traces."""

from __future__ import annotations

from typing import Any

import pytest

from assay.errors import ConfigurationError, ScorerError
from assay.scorers import (
    Cost,
    ErrorSpans,
    Latency,
    MaxCost,
    MaxLatency,
    MaxTokens,
    RedundantCalls,
    RetriesCount,
    StepCount,
    Tokens,
)
from assay.traces import Trace
from support.agent_traces import model, span, tool, trace

ROME = {"city": "Rome"}


def test_steps_are_models_and_tools_each_once() -> None:
    made = trace(
        span("agent", "agent", 0, 90),
        model("m1", [("weather", ROME)], 1, parent_span_id="agent"),
        model("m1-inner", [("weather", ROME)], 1, parent_span_id="m1"),
        tool("t1", "weather", ROME, 3, 9, parent_span_id="agent"),
        model("inside", [], 4, parent_span_id="t1"),
        span("r", "retriever", 10, 11),
    )
    score = StepCount()(made)
    assert (score.value, score.metadata["by_kind"]) == (3, {"llm": 2, "tool": 1})
    assert StepCount(kinds=("retriever",))(made).value == 1
    with pytest.raises(ScorerError, match=r"no span of kind llm or tool.*assay.autolog"):
        StepCount()(trace())
    with pytest.raises(ConfigurationError):
        StepCount(kinds="llm")  # type: ignore[arg-type]


def test_redundant_calls_have_equal_names_and_arguments() -> None:
    made = trace(
        tool("t1", "weather", {"city": "Rome", "n": 1}, 1, status="error"),
        tool("t2", "weather", {"n": 1.0, "city": "Rome"}, 3),
        tool("t3", "weather", {"city": "Rome", "n": "1"}, 5),
        tool("t4", "weather", {"city": "Rome", "n": 1}, 7),
        tool("t5", "search", {"city": "Rome", "n": 1}, 9),
    )
    score = RedundantCalls()(made)
    assert (score.value, score.metadata["after_failure"]) == (2, 1)
    assert str(score.explanation).count("again") == 2
    asked_and_ran = trace(model("m", [("weather", ROME)], 1), tool("t", "weather", ROME, 3))
    assert RedundantCalls()(asked_and_ran).value == 0
    with pytest.raises(ScorerError, match="does not hold the arguments"):
        RedundantCalls()(trace(tool("t", "weather", None, 1)))


def test_retries_follow_a_failure_of_the_same() -> None:
    made = trace(
        model("m1", [], 1, name="chat", input="hi", status="error", output_messages=[]),
        model("m2", [], 3, name="chat", input="hi"),
        model("m3", [], 5, name="chat", input="hi"),
        tool("t1", "weather", ROME, 7, name="weather", status="error"),
        tool("t2", "weather", {"city": "Paris"}, 9, name="weather"),
        span("h", None, 11, 12, attributes={"http.request.resend_count": 1}),
    )
    score = RetriesCount()(made)
    assert (score.value, score.metadata) == (2, {"spans": 1, "requests": 1})
    with pytest.raises(ScorerError, match="says nothing of retries"):
        RetriesCount()(trace())


def test_error_spans_and_where_they_came_from() -> None:
    made = trace(
        span("a", "chain", 1, 9, status="error", status_message="boom"),
        span("b", "tool", 2, 8, parent_span_id="a", status="error", status_message="boom"),
        span("c", "tool", 10, 11),
    )
    assert ErrorSpans()(made).value == 2
    score = ErrorSpans(origins=True)(made)
    assert (score.value, score.explanation) == (1, "b: boom")
    assert ErrorSpans()(trace()).value == 0


def priced(**fields: Any) -> Any:
    calls = [
        model("m1", [], 1, total_tokens=30, cost_usd=0.25),
        model("m2", [], 3, total_tokens=12, cost_usd=0.5, **fields),
    ]
    return trace(*calls, total_tokens=42, cost_usd=0.75)


def test_latency_tokens_and_cost_as_numbers_and_limits() -> None:
    made = priced()
    assert (Latency()(made), Tokens()(made), Cost()(made)) == (100, 42, 0.75)
    assert [limit(made).value for limit in (MaxLatency(ms=100), MaxTokens(tokens=42), MaxCost(usd=0.75))] == [True] * 3
    assert [limit(made).value for limit in (MaxLatency(ms=99), MaxTokens(tokens=41), MaxCost(usd=0.7))] == [False] * 3
    assert MaxLatency(ms=99)(made).explanation == "100 ms of 99 ms"


def test_what_is_not_known_is_an_error_and_never_0() -> None:
    with pytest.raises(ScorerError, match=r"no price of 'gpt-x'.*ASSAY_PRICES"):
        MaxCost(usd=1)(trace(model("m", [], 1, total_tokens=3, response_model="gpt-x"), total_tokens=3))
    with pytest.raises(ScorerError, match=r"'m' does not say how many tokens.*include_usage"):
        Tokens()(trace(model("m", [], 1), model("n", [], 3, total_tokens=3), total_tokens=3))
    for scorer in (Cost(), Tokens()):
        with pytest.raises(ScorerError, match=r"assay.autolog\(\)"):
            scorer(trace())
    with pytest.raises(ScorerError, match="has not ended"):
        Latency()(Trace(trace_id="t", spans=[span("root", "task", 0, 1, status="in_progress")]))


def test_a_failed_call_that_used_nothing_is_not_unknown() -> None:
    made = trace(
        model("m1", [], 1, status="error"),
        model("m2", [], 3, total_tokens=5, cost_usd=0.1),
        total_tokens=5,
        cost_usd=0.1,
    )
    assert (Tokens()(made), Cost()(made)) == (5, 0.1)


def test_a_model_call_inside_another_counts_once() -> None:
    made = trace(
        model("outer", [], 1, total_tokens=None),
        model("inner", [], 1, parent_span_id="outer", total_tokens=5, cost_usd=0.1),
        total_tokens=5,
        cost_usd=0.1,
    )
    assert (Tokens()(made), Cost()(made)) == (5, 0.1)


@pytest.mark.parametrize("wrong", [lambda: MaxLatency(ms=0), lambda: MaxCost(usd=-1), lambda: MaxTokens(tokens=True)])
def test_a_limit_is_above_0(wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match="above 0"):
        wrong()
