"""What OpenTelemetry's own GenAI instrumentations send, the newest and the one before, becomes the same columns."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest

from assay.collector.canonical import span_row
from assay.collector.columns import COLUMN_NAMES
from assay.collector.convert import Filing
from assay.collector.decode import DecodedSpan, Scope, decode_request
from assay.collector.decode_logs import decode_logs
from assay.collector.dialects.dialect import EVENTS
from assay.collector.dialects.genai_events import event_outputs
from assay.collector.dialects.otel_genai import kind, model_parameters
from assay.collector.log_events import sort_records
from support.recordings import DATA, JSON_COLUMNS, columns, recorded_row, recorded_rows, said

NEW = "opentelemetry-instrumentation-genai"
OLD = "opentelemetry-instrumentation-openai-v2-2.1b0"
MODEL = "gpt-4o-mini-2024-07-18"
ASKED = [("system", ["You are a support bot."]), ("user", ["Where is my order 42?"])]
ANSWER = "It left the warehouse this morning."
TOKENS = ("input_tokens", "output_tokens", "total_tokens", "cache_read_tokens", "cache_write_tokens")
CONTENT = ("gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions", "gen_ai.tool.definitions")


def openai(case: str) -> dict[str, Any]:
    return recorded_row("otel-genai", f"{NEW}-openai-1.3b0-{case}")


def spans_with_logs(recording: str) -> list[DecodedSpan]:
    """The spans of a recording, with its log records as their events."""
    records = decode_logs((DATA / "otel-genai" / f"{recording}.logs.pb").read_bytes()).records
    events = defaultdict(list)
    for found in sort_records(records, Filing(1)).events:
        events[found.key[2]].append(found.event)
    spans = decode_request((DATA / "otel-genai" / f"{recording}.pb").read_bytes()).spans
    return [replace(span, events=[*span.events, *events[span.span_id]]) for span in spans]


def row_of(span: DecodedSpan) -> dict[str, Any]:
    row = dict(zip(COLUMN_NAMES, span_row(span, received_at=1), strict=True))
    return {name: json.loads(value) if name in JSON_COLUMNS and value else value for name, value in row.items()}


def openai_v2(case: str) -> dict[str, Any]:
    return row_of(spans_with_logs(f"{OLD}-{case}")[0])


@pytest.mark.parametrize("call", [openai, openai_v2])
def test_a_chat(call: Any) -> None:
    row = call("chat")
    assert columns(row, "dialect", "kind", "operation", "provider", "status") == (
        "otel-genai",
        "llm",
        "chat",
        "openai",
        "unset",
    )
    assert columns(row, "request_model", "response_model", "finish_reasons") == ("gpt-4o-mini", MODEL, ["stop"])
    assert row["model_parameters"] == {"temperature": 0.2, "max_tokens": 50}
    assert said(row["input_messages"]) == ASKED
    assert said(row["output_messages"]) == [("assistant", [ANSWER])]
    assert columns(row, "input", "output") == ("Where is my order 42?", ANSWER)
    assert columns(row, "input_tokens", "output_tokens", "total_tokens") == (120, 8, 128)


def test_cached_tokens_are_part_of_the_input_and_cheaper() -> None:
    row = openai("chat")
    assert row["cache_read_tokens"] == 100
    assert row["cost_usd"] == pytest.approx(20 * 0.15e-6 + 100 * 0.075e-6 + 8 * 0.6e-6)


@pytest.mark.parametrize("call", [openai, openai_v2])
@pytest.mark.parametrize("case", ["tool-calls", "tool-calls-stream"])
def test_parallel_calls_of_tools(call: Any, case: str) -> None:
    row = call(case)
    calls = ['call_1: find_order({"id": 42})', 'call_2: find_order({"id": 43})']
    assert said(row["output_messages"]) == [("assistant", calls)]
    assert columns(row, "tool_call_names", "finish_reasons") == (["find_order", "find_order"], ["tool_calls"])


@pytest.mark.parametrize("call", [openai, openai_v2])
def test_what_a_tool_answered_is_not_what_the_user_said(call: Any) -> None:
    row = call("tool-results")
    assert said(row["input_messages"])[2:] == [
        ("assistant", ['call_1: find_order({"id": 42})']),
        ("tool", ['call_1 -> "{\\"status\\": \\"sent\\"}"']),
    ]
    assert row["input"] == "Where is my order 42?"


@pytest.mark.parametrize("call", [openai, openai_v2])
def test_every_choice_is_a_message(call: Any) -> None:
    assert said(call("two-choices")["output_messages"]) == [("assistant", ["Yes."]), ("assistant", ["No."])]


@pytest.mark.parametrize("call", [openai, openai_v2])
def test_an_answer_in_json_is_text(call: Any) -> None:
    assert call("json-answer")["output"] == '{"status": "sent"}'


@pytest.mark.parametrize("call", [openai, openai_v2])
def test_a_stream_without_usage_leaves_tokens_and_cost_unknown(call: Any) -> None:
    row = call("stream-without-usage")
    assert row["output"] == ANSWER
    assert columns(row, *TOKENS, "cost_usd") == (None,) * 6


@pytest.mark.parametrize("call", [openai, openai_v2])
def test_a_failed_call_is_an_error_without_an_answer(call: Any) -> None:
    row = call("error")
    assert columns(row, "status", "output", "input_tokens", "cost_usd") == ("error", None, None, None)
    assert "slow down" in row["status_message"]


def test_reasoning_tokens_are_part_of_the_output() -> None:
    row = openai("reasoning")
    assert columns(row, "output_tokens", "reasoning_tokens", "total_tokens") == (500, 480, 530)


def test_a_picture_is_a_part_of_its_own() -> None:
    [message] = openai("picture")["input_messages"]
    assert message["parts"][1] == {
        "type": "uri",
        "modality": "image",
        "mime_type": None,
        "uri": "https://example.org/parcel.png",
    }


def test_the_responses_api_reads_like_a_chat() -> None:
    row = openai("responses-tools")
    assert said(row["input_messages"])[-1] == ("tool", ['call_0 -> "no such order"'])
    assert columns(row, *TOKENS[:4], "reasoning_tokens") == (60, 12, 72, 40, 5)
    assert row["tools"][0]["name"] == "find_order"


def test_an_embedding_has_input_tokens_only() -> None:
    row = openai("embeddings")
    assert columns(row, "kind", "request_model", *TOKENS[:3]) == ("embedding", "text-embedding-3-small", 3, None, 3)
    assert row["cost_usd"] > 0


@pytest.mark.parametrize("case", ["chat", "stream", "tools"])
def test_counts_of_claude_include_the_cache(case: str) -> None:
    row = recorded_row("otel-genai", f"{NEW}-anthropic-1.3b0-anthropic-{case}")
    assert columns(row, "provider", "response_model") == ("anthropic", "claude-sonnet-4-5-20250929")
    assert columns(row, *TOKENS) == (260, 30, 290, 200, 50)
    assert said(row["input_messages"])[0] == ("system", ["You are a support bot."])
    assert row["cost_usd"] == pytest.approx((10 * 3 + 200 * 0.3 + 50 * 3.75 + 30 * 15) / 1e6)


def test_an_agent_its_model_calls_and_its_tool() -> None:
    rows = recorded_rows("otel-genai", f"{NEW}-langchain-1.3b0-langchain-agent")
    assert [(row["kind"], row["name"]) for row in rows] == [
        ("llm", "chat gpt-4o-mini"),
        ("tool", "execute_tool find_order"),
        ("llm", "chat gpt-4o-mini"),
        ("agent", "invoke_agent support"),
    ]
    tool, agent = rows[1], rows[3]
    assert columns(tool, "tool_name", "input", "output") == (
        "find_order",
        '{"id":42}',
        '{"status": "sent", "id": 42}',
    )
    assert columns(agent, "session_id", "input", "output", "total_tokens", "cost_usd") == (
        "s1",
        "Where is my order 42?",
        ANSWER,
        None,
        None,
    )


def test_a_retriever_tells_what_it_found() -> None:
    row = recorded_row("otel-genai", f"{NEW}-langchain-1.3b0-langchain-retriever")
    assert columns(row, "kind", "input", "documents") == ("retriever", "How long do parcels take?", [{"id": "d1"}])


@pytest.mark.parametrize("case", ["chat", "tool-calls-stream", "tool-results", "responses-tools", "picture", "error"])
def test_messages_may_come_in_the_details_event_alone(case: str) -> None:
    [span] = spans_with_logs(f"{NEW}-openai-1.3b0-{case}")
    bare = {name: value for name, value in span.attributes.items() if name not in CONTENT}
    given, found = row_of(span), row_of(replace(span, attributes=bare))
    assert {**found, "attributes": None} == {**given, "attributes": None}


@pytest.mark.parametrize(
    ("attributes", "found"),
    [
        ({"gen_ai.operation.name": "generate_content"}, "llm"),
        ({"gen_ai.operation.name": "embedding"}, "embedding"),
        ({"gen_ai.operation.name": "search_memory"}, "retriever"),
        ({"gen_ai.operation.name": "a_new_one", "gen_ai.request.model": "m"}, None),
        ({"gen_ai.request.model": "m"}, "llm"),
        ({"gen_ai.request.model": "m", "@name": "embeddings m"}, "embedding"),
        ({"mcp.method.name": "tools/call", "gen_ai.tool.name": "t"}, "tool"),
        ({"mcp.method.name": "tools/list"}, None),
        ({"gen_ai.conversation.id": "c"}, None),
    ],
)
def test_the_kind_is_told_by_the_operation(attributes: dict[str, Any], found: str | None) -> None:
    assert kind(attributes) == found


def test_parameters_are_found_under_older_names_too() -> None:
    given = {"gen_ai.request.model": "m", "gen_ai.request.top_k": 4, "llm.is_streaming": "False"}
    assert model_parameters(given) == {"top_k": 4, "stream": False}


USER_EVENT = "gen_ai.user.message"
FORMS_OF_EVENTS = {
    "kvlist": [
        (USER_EVENT, {"body": {"content": "hi"}}),
        ("gen_ai.choice", {"body": {"index": 0, "message": {"role": "assistant", "content": "ho"}}}),
    ],
    "json": [
        (USER_EVENT, {"body": '{"content": "hi", "role": "user"}'}),
        ("gen_ai.choice", {"body": '{"index": 0, "message": {"content": "ho"}, "finish_reason": "stop"}'}),
    ],
    "attributes": [
        (USER_EVENT, {"content": '[{"text": "hi"}]'}),
        ("gen_ai.choice", {"message": '[{"text": "ho"}]', "finish_reason": "end_turn"}),
    ],
    "all in one": [
        ("gen_ai.content.prompt", {"gen_ai.prompt": '[{"role": "user", "content": "hi"}]'}),
        ("gen_ai.content.completion", {"gen_ai.completion": '[{"role": "assistant", "content": "ho"}]'}),
    ],
    "body of the details": [
        (
            "gen_ai.client.inference.operation.details",
            {
                "body": {
                    "input": {"messages": [{"role": "user", "content": "hi"}]},
                    "output": {"messages": [{"role": "assistant", "content": "ho"}]},
                }
            },
        )
    ],
}


@pytest.mark.parametrize("form", FORMS_OF_EVENTS)
def test_every_form_of_message_events_is_read(form: str) -> None:
    events = [{"name": name, "time_unix_nano": 1, "attributes": said} for name, said in FORMS_OF_EVENTS[form]]
    span = DecodedSpan(
        "1" * 32, "1" * 16, None, "chat", None, 1, 2, "unset", None, {"gen_ai.operation.name": "chat"}, events,
        [], None, 0, Scope("", ""), {},
    )  # fmt: skip
    assert columns(row_of(span), "kind", "input", "output") == ("llm", "hi", "ho")
    assert columns(row_of(replace(span, events=[])), "input", "output") == (None, None)


def test_choices_stand_in_the_order_of_their_index_whatever_came_first() -> None:
    choice = {"name": "gen_ai.choice", "time_unix_nano": 1}
    events = [{**choice, "attributes": {"index": n, "message": {"content": str(n)}}} for n in (1, 0)]
    assert said(event_outputs({EVENTS: events})) == [("assistant", ["0"]), ("assistant", ["1"])]
