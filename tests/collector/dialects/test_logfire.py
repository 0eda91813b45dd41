"""What Logfire and Pydantic AI send, in three versions each, becomes the same columns."""

from __future__ import annotations

from typing import Any

import pytest

from assay.collector.dialects import logfire
from support.recordings import columns, recorded_row, recorded_rows, said

OLDEST, OLDER, NEWEST = "logfire-3.19.0", "logfire-4.10.0", "logfire-5.2.0"
VERSIONS = (OLDEST, OLDER, NEWEST)
every_version = pytest.mark.parametrize("version", VERSIONS)

ASKED = [("system", ["Be brief."]), ("user", ["Where is my order?"])]
BOTH_CALLS = ['call_1: search({"query": "order"})', 'call_2: search({"query": "invoice"})']
BOTH_RESULTS = ['call_1 -> "shipped"', 'call_2 -> "shipped"']
TOKENS = ("input_tokens", "output_tokens", "total_tokens", "cache_read_tokens", "reasoning_tokens")
MODELS = ("provider", "request_model", "response_model")
OPENAI, PYDANTIC_AI = "logfire.openai", "pydantic-ai"
MODEL = "gpt-4o-mini-2024-07-18"
COST = 20 * 0.15e-6 + 100 * 0.075e-6 + 30 * 0.6e-6  # of 120 tokens, 100 of them cached, and 30 in answer


def row(recording: str, **wanted: Any) -> dict[str, Any]:
    return recorded_row("logfire", recording, **wanted)


def rows(recording: str, scope: str) -> list[dict[str, Any]]:
    return [span for span in recorded_rows("logfire", recording) if span["scope_name"] == scope]


def results(messages: list[tuple[str, Any]]) -> list[Any]:
    """What tools answered: in one message, or in one each."""
    return [part for role, parts in messages if role == "tool" for part in parts]


@every_version
def test_a_chat_has_models_messages_tokens_and_cost(version: str) -> None:
    call = row(f"{version}-chat")
    assert columns(call, "dialect", "kind", *MODELS) == ("logfire", "llm", "openai", "gpt-4o-mini", MODEL)
    assert said(call["input_messages"]) == ASKED
    assert said(call["output_messages"]) == [("assistant", ["On its way."])]
    assert columns(call, "input", "output") == ("Where is my order?", "On its way.")
    assert columns(call, *TOKENS) == (120, 30, 150, 100, 20)
    assert call["cost_usd"] == pytest.approx(COST)
    assert columns(call, "model_parameters", "environment", "tags") == ({"temperature": 0.2}, "staging", None)


@every_version
def test_a_stream_is_a_request_without_answer_and_a_log_with_it(version: str) -> None:
    request, log = recorded_rows("logfire", f"{version}-stream")
    assert columns(request, "kind", "output", "input_tokens") == ("llm", None, None)
    assert columns(log, "kind", "provider", "request_model") == ("llm", "openai", "gpt-4o-mini")
    assert columns(log, "input", "output", *TOKENS) == ("Where is my order?", "On its way.", 12, 3, 15, 4, 0)


@every_version
@pytest.mark.parametrize(("case", "place"), [("tools", 0), ("tools-stream", 1)])
def test_tools_offered_and_called(version: str, case: str, place: int) -> None:
    call = recorded_rows("logfire", f"{version}-{case}")[place]
    assert [tool["function"]["name"] for tool in call["tools"]] == ["search"]
    assert said(call["output_messages"]) == [("assistant", BOTH_CALLS)]
    assert call["tool_call_names"] == ["search", "search"]


@every_version
def test_results_of_tools_stay_with_their_calls(version: str) -> None:
    call = row(f"{version}-tool-results")
    assert said(call["input_messages"])[2:] == [("assistant", BOTH_CALLS[:1]), ("tool", BOTH_RESULTS[:1])]
    assert call["input"] == "Where is my order?"


@every_version
def test_a_picture_is_a_part_of_the_question(version: str) -> None:
    (message,) = row(f"{version}-image")["input_messages"]
    assert [part["type"] for part in message["parts"]] == ["text", "uri"]


@every_version
def test_an_embedding(version: str) -> None:
    call = row(f"{version}-embedding")
    assert columns(call, "kind", "request_model", "input_tokens") == ("embedding", "text-embedding-3-small", 3)
    assert call["input"] == ('["red shoes","blue"]' if version != NEWEST else None)  # version 5 leaves the texts out


@every_version
def test_the_responses_api(version: str) -> None:
    call = row(f"{version}-responses")
    assert said(call["input_messages"]) == ASKED
    assert columns(call, "output", "tool_call_names", *TOKENS[:3]) == ("On its way.", ["search"], 50, 12, 62)


def test_details_of_usage_come_from_the_raw_object_where_there_is_one() -> None:
    assert columns(row(f"{NEWEST}-responses"), *TOKENS[3:]) == (20, 8)
    assert columns(row(f"{OLDER}-responses"), *TOKENS[3:]) == (None, None)


@pytest.mark.parametrize("version", [OLDER, NEWEST])
def test_claude_counts_cached_tokens_beside_and_comes_out_with_them(version: str) -> None:
    call = row(f"{version}-anthropic-tools")
    assert columns(call, "kind", "provider", "request_model") == ("llm", "anthropic", "claude-sonnet-4-5")
    assert columns(call, *TOKENS[:4], "cache_write_tokens") == (260, 30, 290, 200, 50)
    assert call["cost_usd"] == pytest.approx(10 * 3e-6 + 200 * 0.3e-6 + 50 * 3.75e-6 + 30 * 15e-6)
    assert [message["role"] for message in call["input_messages"]] == ["system", "user", "assistant", "tool"]
    text, called = call["output_messages"][0]["parts"]
    assert (text["content"], called["name"], called["arguments"]) == ("One more.", "find_order", {"id": 43})


@every_version
def test_a_plain_completion_is_text(version: str) -> None:
    call = row(f"{version}-completions")
    assert columns(call, "kind", "output", "total_tokens") == ("llm", "world", 3)


@every_version
def test_a_failed_call_has_no_answer(version: str) -> None:
    call = row(f"{version}-error")
    assert columns(call, "status", "request_model", "output", "cost_usd") == ("error", "gpt-4o-mini", None, None)
    assert "slow down" in call["status_message"]


@every_version
def test_a_function_has_its_arguments_and_its_result(version: str) -> None:
    function = row(f"{version}-by-hand", name="support {question}")
    assert columns(function, "kind", "input", "output") == (None, '{"question":"Where is my order?"}', "On its way.")
    log = row(f"{version}-by-hand", name="looked up {order}")
    assert columns(log, "tags", "input") == (["shop"], '{"order":7}')
    assert columns(row(f"{version}-by-hand", name="broken"), "status") == ("error",)


@every_version
def test_an_agent_has_its_conversation_and_the_sum_of_its_calls(version: str) -> None:
    agent = row(f"{version}-agent", kind="agent")
    assert columns(agent, "dialect", "input", "output") == ("logfire", "Where is my order?", "On its way.")
    assert said(agent["output_messages"]) == [("assistant", ["On its way."])]
    assert said(agent["input_messages"])[:3] == [*ASKED, ("assistant", BOTH_CALLS)]
    assert results(said(agent["input_messages"])) == BOTH_RESULTS
    assert columns(agent, *TOKENS[:3], "cost_usd") == (260, 35, 295, None)


@every_version
def test_model_calls_of_an_agent(version: str) -> None:
    asking, answering = (span for span in rows(f"{version}-agent", PYDANTIC_AI) if span["kind"] == "llm")
    assert columns(asking, "name", *MODELS) == ("chat gpt-4o-mini", "openai", "gpt-4o-mini", MODEL)
    assert said(asking["input_messages"]) == ASKED
    assert said(asking["output_messages"]) == [("assistant", BOTH_CALLS)]
    assert [tool["name"] for tool in asking["tools"] or []] == (["search"] if asking["tools"] else [])
    assert results(said(answering["input_messages"])) == BOTH_RESULTS
    assert columns(answering, "output", *TOKENS[:3]) == ("On its way.", 140, 5, 145)


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_model_calls_of_an_agent_cost_less_for_cached_tokens(version: str) -> None:
    call = rows(f"{version}-agent", PYDANTIC_AI)[0]
    assert columns(call, *TOKENS) == (120, 30, 150, 100, 20)
    assert call["cost_usd"] == pytest.approx(COST)


@every_version
def test_tools_of_an_agent_have_name_arguments_and_result(version: str) -> None:
    tools = [span for span in rows(f"{version}-agent", PYDANTIC_AI) if span["kind"] == "tool"]
    assert [(span["tool_name"], span["output"]) for span in tools] == [("search", "shipped")] * 2
    assert {span["input"].replace(" ", "") for span in tools} == {'{"query":"order"}', '{"query":"invoice"}'}


@every_version
def test_a_structured_answer_is_the_agents_result(version: str) -> None:
    agent = row(f"{version}-agent-structured", kind="agent")
    assert agent["output"].replace(" ", "") == '{"answer":"Onitsway."}'
    assert said(agent["input_messages"])[:2] == ASKED


@every_version
def test_a_broken_tool_fails_the_agent(version: str) -> None:
    spans = rows(f"{version}-agent-failed", PYDANTIC_AI)
    failed = {span["kind"] for span in spans if span["status"] == "error"}
    assert failed >= {"tool", "agent"}
    assert "no stock" in next(span["status_message"] for span in spans if span["kind"] == "tool")


@every_version
def test_a_second_question_is_the_agents_input(version: str) -> None:
    last = [span for span in rows(f"{version}-agent-history", PYDANTIC_AI) if span["kind"] == "agent"][-1]
    assert columns(last, "input", "output") == ("And now?", "It is on its way.")


def test_turns_of_a_conversation_share_a_session() -> None:
    agents = [span for span in rows(f"{NEWEST}-agent-history", PYDANTIC_AI) if span["kind"] == "agent"]
    assert len(agents) == 2
    assert len({span["session_id"] for span in agents}) == 1
    assert agents[0]["session_id"]


def test_a_streamed_answer_of_old_versions_is_text() -> None:
    streamed = {"response_data": '{"combined_chunk_content": "{\\"a\\": 1}", "chunk_count": 3}'}
    assert logfire.output_messages(streamed) == [
        {"role": "assistant", "parts": [{"type": "text", "content": '{"a": 1}'}]}
    ]


@pytest.mark.parametrize("broken", ["", "[", "null", "3", "[[]]", '[{"event.name": 3}]', '{"messages": 3}', 7, [None]])
def test_values_of_strange_types_raise_nothing(broken: Any) -> None:
    names = [logfire.REQUEST, logfire.RESPONSE, logfire.RAW_USAGE, logfire.MESSAGE_EVENTS, *logfire.CONVERSATIONS]
    attributes = {**dict.fromkeys(names, broken), logfire.SCHEMA: broken, "logfire.tags": broken}
    for function in logfire.DIALECT.functions.values():
        function(attributes)
