"""What LangSmith's OpenTelemetry export sends of LangChain and of functions becomes canonical."""

from __future__ import annotations

from typing import Any

import pytest

from assay.collector.dialects import langsmith
from support.recordings import columns, recorded_row, recorded_rows, said

ANSWER = "It left the warehouse this morning."
QUESTION = "Where is my order 42?"
ASKED = [("system", ["You are a support bot."]), ("user", [QUESTION])]


def row(case: str, **wanted: Any) -> dict[str, Any]:
    return recorded_row("langsmith", f"langsmith-0.15.0-{case}", **wanted)


@pytest.mark.parametrize("case", ["langchain-chain", "functions"])
def test_a_model_call_of_langchain_and_of_the_wrapped_client_read_alike(case: str) -> None:
    call = row(case, kind="llm")
    assert columns(call, "dialect", "provider", "status") == ("otel-genai", "openai", "ok")
    assert columns(call, "request_model", "response_model") == ("gpt-4o-mini", "gpt-4o-mini-2024-07-18")
    assert said(call["input_messages"]) == ASKED
    assert said(call["output_messages"]) == [("assistant", [ANSWER])]
    assert columns(call, "input", "output", "finish_reasons") == (QUESTION, ANSWER, ["stop"])
    assert columns(call, "input_tokens", "output_tokens", "total_tokens") == (120, 8, 128)
    assert columns(call, "cache_read_tokens", "reasoning_tokens") == (100, 0)
    assert call["cost_usd"] == pytest.approx(20 * 0.15e-6 + 100 * 0.075e-6 + 8 * 0.6e-6)


def test_a_stream_keeps_the_model_that_answered_and_its_usage() -> None:
    call = row("langchain-stream", kind="llm")
    assert columns(call, "request_model", "response_model") == ("gpt-4o-mini", "gpt-4o-mini-2024-07-18")
    assert columns(call, "input", "output", "input_tokens", "cache_read_tokens") == (QUESTION, ANSWER, 120, 100)


def test_kinds_are_those_of_the_runs_whatever_the_operation_says() -> None:
    assert row("langchain-chain", name="ChatPromptTemplate")["kind"] == "prompt"
    assert row("functions", name="search")["kind"] == "retriever"
    assert row("langchain-chain", name="RunnableSequence")["kind"] == "chain"


def test_a_chain_shows_what_went_in_and_came_out_and_costs_nothing_itself() -> None:
    chain = row("langchain-chain", kind="chain")
    assert columns(chain, "input", "output") == ('{"question":"Where is my order 42?"}', ANSWER)
    assert columns(chain, "provider", "cost_usd", "input_messages") == (None, None, None)


def test_session_user_tags_and_metadata_are_the_users_own() -> None:
    for span in recorded_rows("langsmith", "langsmith-0.15.0-langchain-agent"):
        assert columns(span, "session_id", "user_id", "tags") == ("s1", "u7", ["beta"])
        assert span["metadata"] == {"plan": "pro"}
    assert row("functions", name="support")["session_id"] == "t1"


def test_documents_keep_their_text_and_metadata() -> None:
    search = row("langchain-retriever")
    assert columns(search, "kind", "input") == ("retriever", "How long do parcels take?")
    assert search["documents"] == [
        {"id": "d1", "content": "Parcels take two days.", "metadata": {"page": 3}},
        {"content": "Returns are free."},
    ]
    assert row("functions", kind="retriever")["documents"] == [
        {"content": "Parcels take two days.", "metadata": {"page": 3}}
    ]


def test_an_agent_calls_a_tool_and_answers() -> None:
    calls = [span for span in recorded_rows("langsmith", "langsmith-0.15.0-langchain-agent") if span["kind"] == "llm"]
    calling = ("assistant", ['call_1: find_order({"id": 42})'])
    assert [said(call["output_messages"]) for call in calls] == [[calling], [("assistant", [ANSWER])]]
    assert said(calls[1]["input_messages"])[2] == calling
    assert calls[0]["tools"][0]["function"]["name"] == "find_order"
    tool = row("langchain-agent", kind="tool")
    assert columns(tool, "tool_name", "input", "output") == (
        "find_order",
        '{"id":42}',
        '{"status": "sent", "id": 42}',
    )
    assert columns(row("langchain-agent", name="support"), "input", "output") == (QUESTION, ANSWER)


@pytest.mark.parametrize(
    ("case", "kind", "message"),
    [("langchain-error", "llm", "no such model"), ("function-error", "tool", "no such order")],
)
def test_a_run_that_fails_is_an_error_without_an_answer(case: str, kind: str, message: str) -> None:
    failed = row(case, kind=kind)
    assert columns(failed, "status", "output", "output_messages") == ("error", None, None)
    assert message in failed["status_message"]


def test_a_model_of_plain_text_is_asked_with_prompts() -> None:
    run = {"langsmith.span.kind": "llm", "gen_ai.prompt": '{"prompts": ["Once upon"]}'}
    assert said(langsmith.input_messages(run)) == [("user", ["Once upon"])]
