"""Spans of the GenAI conventions, of OpenInference and of no convention get the same columns."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.collector.batch import span_batch
from assay.collector.canonical import READERS, _plan, span_row
from assay.collector.columns import COLUMN_NAMES
from assay.collector.decode import DecodedSpan, Scope
from assay.collector.dialects import DIALECTS

USER = [{"role": "user", "parts": [{"type": "text", "content": "Where is my order?"}]}]
ANSWER = [{"role": "assistant", "parts": [{"type": "text", "content": "On its way."}]}]


def span(attributes: dict[str, Any], **changes: Any) -> DecodedSpan:
    fields = {
        "trace_id": "0" * 31 + "1",
        "span_id": "0" * 15 + "2",
        "parent_span_id": None,
        "name": "work",
        "span_kind": None,
        "start_time": 1_000_000_000,
        "end_time": 1_500_000_000,
        "status": "unset",
        "status_message": None,
        "attributes": attributes,
        "events": [],
        "links": [],
        "trace_state": None,
        "dropped_attributes_count": 0,
        "scope": Scope("", ""),
        "resource": {},
    }
    return DecodedSpan(**{**fields, **changes})


def row(attributes: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    values = span_row(span(attributes or {}, **changes), received_at=1)
    return dict(zip(COLUMN_NAMES, values, strict=True))


def messages(columns: dict[str, Any], name: str) -> Any:
    return json.loads(columns[name])


GENAI_CHAT = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
    "gen_ai.request.temperature": 0.2,
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.input.messages": json.dumps(USER),
    "gen_ai.output.messages": json.dumps(ANSWER),
    "gen_ai.usage.input_tokens": 120,
    "gen_ai.usage.output_tokens": 0,
    "gen_ai.usage.cache_read.input_tokens": 100,
    "gen_ai.conversation.id": "c1",
    "gen_ai.prompt.name": "support",
    "gen_ai.prompt.version": 3,
}

OPENINFERENCE_CHAT = {
    "openinference.span.kind": "LLM",
    "llm.provider": "openai",
    "llm.model_name": "gpt-4o-mini-2024-07-18",
    "llm.invocation_parameters": '{"model": "gpt-4o-mini", "temperature": 0.2}',
    "llm.input_messages.0.message.role": "user",
    "llm.input_messages.0.message.content": "Where is my order?",
    "llm.output_messages.0.message.role": "assistant",
    "llm.output_messages.0.message.contents.0.message_content.type": "text",
    "llm.output_messages.0.message.contents.0.message_content.text": "On its way.",
    "llm.token_count.prompt": 120,
    "llm.token_count.completion": 0,
    "llm.token_count.prompt_details.cache_read": 100,
    "session.id": "c1",
}


@pytest.mark.parametrize(
    ("attributes", "dialect"),
    [
        pytest.param(GENAI_CHAT, "otel-genai", id="genai"),
        pytest.param(OPENINFERENCE_CHAT, "openinference", id="openinference"),
    ],
)
def test_a_model_call_reads_the_same_in_every_dialect(attributes: dict[str, Any], dialect: str) -> None:
    columns = row(attributes)
    assert columns["dialect"] == dialect
    assert (columns["kind"], columns["provider"]) == ("llm", "openai")
    assert (columns["request_model"], columns["response_model"]) == ("gpt-4o-mini", "gpt-4o-mini-2024-07-18")
    assert (columns["input"], columns["output"]) == ("Where is my order?", "On its way.")
    assert messages(columns, "input_messages") == USER
    assert messages(columns, "output_messages") == ANSWER
    assert (columns["input_tokens"], columns["output_tokens"], columns["total_tokens"]) == (120, 0, 120)
    assert columns["cache_read_tokens"] == 100
    assert columns["cost_usd"] is not None
    assert columns["session_id"] == "c1"


def test_attributes_are_kept_as_they_came() -> None:
    columns = row({"http.route": "/ask", "n": 9007199254740993, "list": [1, None]})
    assert columns["attributes"] == {
        "http.route": "/ask",
        "n": 9007199254740993,
        "list": [1, None],
    }


def test_a_span_of_no_convention_is_generic_and_has_no_model() -> None:
    columns = row({"http.route": "/ask"}, resource={"service.name": "shop"})
    assert (columns["dialect"], columns["kind"], columns["request_model"]) == ("generic", None, None)
    assert (columns["project"], columns["service_name"]) == ("shop", "shop")


@pytest.mark.parametrize(
    ("older", "column"),
    [
        ({"gen_ai.usage.prompt_tokens": 7}, "input_tokens"),
        ({"gen_ai.usage.completion_tokens": 7}, "output_tokens"),
        ({"gen_ai.usage.cache_creation.input_tokens": 7}, "cache_write_tokens"),
        ({"gen_ai.usage.reasoning_tokens": 7}, "reasoning_tokens"),
        ({"gen_ai.usage.input_tokens": "7"}, "input_tokens"),
        ({"gen_ai.usage.input_tokens": 7.0}, "input_tokens"),
    ],
)
def test_older_names_and_looser_types_of_token_counts_are_read(older: dict[str, Any], column: str) -> None:
    assert row({"gen_ai.operation.name": "chat", **older})[column] == 7


@pytest.mark.parametrize("strange", ["many", -1, 1.5, True, [], {"a": 1}, 1e300, "NaN", "1" * 400])
def test_a_token_count_that_is_none_stays_unknown(strange: Any) -> None:
    columns = row({"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": strange})
    assert columns["input_tokens"] is None
    assert columns["total_tokens"] is None
    assert columns["cost_usd"] is None


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"status": "error"}, "error"),
        ({"status": "ok", "attributes": {"error.type": "X"}}, "ok"),
        ({"attributes": {"error.type": "TimeoutError"}}, "error"),
        ({"events": [{"name": "exception", "attributes": {"exception.message": "no"}}]}, "error"),
        ({"events": [{"name": "exception", "attributes": {"exception.escaped": "False"}}]}, "unset"),
        ({}, "unset"),
    ],
)
def test_any_sign_of_an_error_makes_an_error(changes: dict[str, Any], status: str) -> None:
    values = span_row(span(**{"attributes": {}, **changes}), received_at=1)
    assert dict(zip(COLUMN_NAMES, values, strict=True))["status"] == status


def test_an_unknown_model_has_no_cost_rather_than_none_at_all() -> None:
    assert row({**GENAI_CHAT, "gen_ai.request.model": "mine", "gen_ai.response.model": "mine"})["cost_usd"] is None


def test_cached_tokens_cost_less_than_others() -> None:
    uncached = {key: value for key, value in GENAI_CHAT.items() if "cache" not in key}
    assert row(GENAI_CHAT)["cost_usd"] < row(uncached)["cost_usd"]


def test_a_cost_that_the_span_reports_wins() -> None:
    assert row({**OPENINFERENCE_CHAT, "llm.cost.total": 0.25})["cost_usd"] == 0.25


def test_an_agent_that_repeats_its_childrens_tokens_costs_nothing_itself() -> None:
    assert row({**GENAI_CHAT, "gen_ai.operation.name": "invoke_agent"})["cost_usd"] is None


@pytest.mark.parametrize(
    ("resource", "header", "project"),
    [
        ({"assay.project": "a", "service.name": "s"}, "h", "a"),
        ({"openinference.project.name": "o", "service.name": "s"}, "h", "o"),
        ({"service.name": "s"}, "h", "h"),
        ({"service.name": "s"}, None, "s"),
        ({"service.name": "unknown_service:python"}, None, "default"),
        ({}, None, "default"),
    ],
)
def test_the_project_is_what_is_said_most_plainly(resource: dict[str, str], header: str | None, project: str) -> None:
    assert span_row(span({}, resource=resource), received_at=1, project=header)[0] == project


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("OpenAI", "openai"),
        ("openai.chat", "openai"),
        ("az.ai.openai", "azure.ai.openai"),
        ("aws.bedrock", "aws.bedrock"),
        ("xai", "x_ai"),
    ],
)
def test_a_provider_is_spelled_as_the_convention_spells_it(given: str, expected: str) -> None:
    assert row({"gen_ai.system": given})["provider"] == expected


@pytest.mark.parametrize(("start", "end"), [(2**64 - 1, 2**64 - 1), (5, 3), (0, 0)])
def test_times_that_cannot_be_are_drawn_in_and_the_span_is_kept(start: int, end: int) -> None:
    columns = row({}, start_time=start, end_time=end)
    assert 0 <= columns["start_time"] <= columns["end_time"] < 2**63 - 1
    assert columns["duration_ms"] == 0


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
NAMES = st.sampled_from(
    sorted(
        {name for dialect in DIALECTS for names in dialect.fields.values() for name in names}
        | {
            start + tail
            for dialect in DIALECTS
            for column in READERS
            for function in dialect.functions_of(column)
            for start in getattr(function, "needs", ())
            for tail in ("", ".0", "0.role")
        }
        | {"openinference.span.kind", "traceloop.span.kind", "langfuse.observation.type", "mlflow.spanType"}
    )
)
FLATTENED = st.builds(
    "{}.{}.{}".format,
    st.sampled_from(["llm.input_messages", "llm.output_messages", "gen_ai.prompt", "gen_ai.completion", "llm.tools"]),
    st.sampled_from(["0", "1", "²", "-1", "9" * 30, ""]),
    st.sampled_from(["message", "message.role", "message.contents.0.message_content", "role", "content", "tool_calls"]),
)
KEYS = st.sampled_from(
    [
        "role",
        "content",
        "parts",
        "type",
        "text",
        "messages",
        "tool_calls",
        "function",
        "message",
        "choices",
        "id",
        "data",
    ]
)
NESTED = st.recursive(
    st.none() | st.integers(-9, 9) | st.sampled_from(["user", "tool", "text", "human", "hi", "tool_use", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)
HOSTILE_VALUES = JSON_VALUES | NESTED | NESTED.map(json.dumps)
EVENT_NAMES = st.sampled_from(
    ["gen_ai.user.message", "gen_ai.choice", "gen_ai.client.inference.operation.details", "gen_ai.content.prompt"]
) | st.sampled_from([f"{start}x" for dialect in DIALECTS for start in dialect.events])
EVENT_FIELDS = st.sampled_from(["body", "content", "message", "index", "gen_ai.prompt", "gen_ai.input.messages"])
EVENTS = st.lists(
    st.fixed_dictionaries(
        {
            "name": EVENT_NAMES,
            "time_unix_nano": st.integers(0, 3),
            "attributes": st.dictionaries(EVENT_FIELDS, HOSTILE_VALUES, max_size=3),
        }
    ),
    max_size=2,
)
SCOPES = st.sampled_from(sorted({"", *(scope for dialect in DIALECTS for scope in dialect.scopes)}))


@settings(max_examples=30)
@given(st.dictionaries(NAMES | FLATTENED | st.text(max_size=20), HOSTILE_VALUES, max_size=9), EVENTS, SCOPES)
def test_nothing_that_is_sent_breaks_a_span(
    attributes: dict[str, Any], events: list[dict[str, Any]], scope: str
) -> None:
    values = span_row(span(attributes, events=events, scope=Scope(scope, "1")), received_at=1)
    assert len(span_batch([values]) or ()) == 1


def test_a_plan_is_made_once_for_a_conversation_however_long_it_gets() -> None:
    def turn(count: int) -> dict[str, Any]:
        names = ("role", "content")
        return {f"gen_ai.prompt.{number}.{name}": "user" for number in range(count) for name in names}

    row(turn(100))
    planned = _plan.cache_info().misses
    assert [row(turn(count))["input"] for count in (101, 200, 300)] == ["user"] * 3
    assert _plan.cache_info().misses == planned
