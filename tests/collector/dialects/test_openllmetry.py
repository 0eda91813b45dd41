"""What Traceloop's instrumentors send, before and after they took up the GenAI messages, becomes the same columns."""

from __future__ import annotations

from typing import Any

import pytest

from assay.collector.dialects.openllmetry import documents, input_messages, kind, model_parameters, output_messages
from support.recordings import columns, recorded_row, recorded_rows, said

VERSIONS = ("0.40.14", "0.62.4")
every_version = pytest.mark.parametrize("version", VERSIONS)
MODEL = "gpt-4o-mini-2024-07-18"
ASKED = [("system", ["You are a support bot."]), ("user", ["Where is my order 42?"])]
ANSWER = "It left the warehouse this morning."
TOKENS = ("input_tokens", "output_tokens", "total_tokens", "cache_read_tokens", "cache_write_tokens")


def openai(version: str, case: str) -> dict[str, Any]:
    return recorded_row("openllmetry", f"opentelemetry-instrumentation-openai-{version}-{case}")


def langchain(version: str, case: str) -> list[dict[str, Any]]:
    return recorded_rows("openllmetry", f"opentelemetry-instrumentation-langchain-{version}-langchain-{case}")


@every_version
@pytest.mark.parametrize("case", ["chat", "stream"])
def test_a_chat_whole_or_as_a_stream(version: str, case: str) -> None:
    row = openai(version, case)
    assert columns(row, "dialect", "kind", "provider") == ("openllmetry", "llm", "openai")
    assert columns(row, "request_model", "response_model", "finish_reasons") == ("gpt-4o-mini", MODEL, ["stop"])
    assert said(row["input_messages"]) == ASKED
    assert said(row["output_messages"]) == [("assistant", [ANSWER])]
    assert row["model_parameters"]["stream"] is (case == "stream")


@pytest.mark.parametrize(("version", "case"), [("0.40.14", "chat"), ("0.62.4", "chat"), ("0.62.4", "stream")])
def test_cached_tokens_are_part_of_the_input_and_cheaper(version: str, case: str) -> None:
    row = openai(version, case)
    assert columns(row, *TOKENS[:4]) == (120, 8, 128, 100)
    assert row["cost_usd"] == pytest.approx(20 * 0.15e-6 + 100 * 0.075e-6 + 8 * 0.6e-6)


@every_version
def test_a_stream_without_usage_leaves_tokens_and_cost_unknown(version: str) -> None:
    assert columns(openai(version, "stream-without-usage"), *TOKENS, "cost_usd") == (None,) * 6


@every_version
@pytest.mark.parametrize("case", ["tool-calls", "tool-calls-stream"])
def test_parallel_calls_of_tools(version: str, case: str) -> None:
    row = openai(version, case)
    calls = ['call_1: find_order({"id": 42})', 'call_2: find_order({"id": 43})']
    assert said(row["output_messages"]) == [("assistant", calls)]
    assert columns(row["tools"][0], "type", "name", "description") == ("function", "find_order", "Finds an order")


@every_version
def test_what_a_tool_answered_is_not_what_the_user_said(version: str) -> None:
    row = openai(version, "tool-results")
    assert said(row["input_messages"])[-1] == ("tool", ['call_1 -> "{\\"status\\": \\"sent\\"}"'])
    assert row["input"] == "Where is my order 42?"


@every_version
def test_a_picture_is_a_part_of_its_own(version: str) -> None:
    [message] = openai(version, "picture")["input_messages"]
    assert message["parts"][1] == {"type": "uri", "modality": "image", "uri": "https://example.org/parcel.png"}


@every_version
def test_a_refusal_is_the_answer(version: str) -> None:
    assert openai(version, "refusal")["output"] == "I cannot help with that."


@every_version
def test_an_embedding_shows_the_texts(version: str) -> None:
    row = openai(version, "embeddings")
    assert columns(row, "kind", "input", "input_tokens", "total_tokens") == ("embedding", "one two\nthree", 3, 3)


@every_version
def test_a_failed_call_is_an_error(version: str) -> None:
    row = openai(version, "error")
    assert columns(row, "status", "output", "cost_usd") == ("error", None, None)


@every_version
def test_counts_of_claude_include_the_cache(version: str) -> None:
    name = f"opentelemetry-instrumentation-anthropic-{version}-anthropic-tools"
    row = recorded_row("openllmetry", name)
    assert columns(row, *TOKENS) == (260, 30, 290, 200, 50)
    assert said(row["input_messages"])[2:] == [
        ("assistant", ['toolu_1: find_order({"id": 42})']),
        ("tool", ['toolu_1 -> "sent"']),
    ]
    assert said(row["output_messages"]) == [("assistant", ["One more.", 'toolu_2: find_order({"id": 43})'])]


def test_a_workflow_its_agent_its_tool_and_its_task() -> None:
    rows = recorded_rows("openllmetry", "traceloop-sdk-0.62.4-workflow")
    assert [(row["name"], row["kind"]) for row in rows] == [
        ("openai.chat", "llm"),
        ("find_order.tool", "tool"),
        ("openai.chat", "llm"),
        ("support_agent.agent", "agent"),
        ("shorten.task", "chain"),
        ("answer.workflow", "chain"),
    ]
    assert {columns(row, "session_id", "user_id") for row in rows} == {("s1", "u7")}
    assert all(row["metadata"] == {"plan": "pro"} for row in rows)
    call, tool, _, agent, task, workflow = rows
    assert call["prompt_version"] == 3
    assert columns(tool, "tool_name", "input", "output") == (
        "find_order",
        '{"id":42}',
        '{"status": "sent", "id": 42}',
    )
    assert columns(agent, "input", "output") == ("Where is my order 42?", ANSWER)
    assert columns(task, "input", "output") == (ANSWER, "It left th")
    assert columns(workflow, "input", "output") == ("Where is my order 42?", "It left th")


@every_version
def test_an_agent_of_langgraph_reads_as_question_and_answer(version: str) -> None:
    rows = langchain(version, "agent")
    [graph] = [row for row in rows if row["name"] == "support.workflow"]
    assert columns(graph, "kind", "input", "output") == ("chain", "Where is my order 42?", ANSWER)
    [tool] = [row for row in rows if row["kind"] == "tool"]
    assert columns(tool, "tool_name", "input", "output") == (
        "find_order",
        '{"id":42}',
        '{"status": "sent", "id": 42}',
    )
    assert [row["total_tokens"] for row in rows if row["kind"] == "llm"] == [100, 108]


def test_a_framework_is_no_provider() -> None:
    rows = langchain("0.62.4", "agent")
    assert {row["provider"] for row in rows if row["kind"] != "llm"} == {None}
    assert {row["provider"] for row in rows if row["kind"] == "llm"} == {"openai"}


def test_what_langgraph_puts_beside_the_users_properties_is_no_metadata() -> None:
    assert all(row["metadata"] in (None, {"plan": "pro"}) for row in langchain("0.62.4", "agent"))


def test_a_retriever_gives_documents_with_their_text() -> None:
    [row] = langchain("0.62.4", "retriever")
    assert columns(row, "kind", "input") == ("retriever", "How long do parcels take?")
    assert row["documents"] == [
        {"content": "Parcels take two days.", "metadata": {"page": 3}},
        {"content": "Returns are free."},
    ]


def test_a_query_of_a_vector_store_gives_what_it_found() -> None:
    hit = {"db.query.result.id": "d1", "db.query.result.score": 0.5, "db.query.result.document": "Parcels."}
    given = {"@events": [{"name": "db.query.result", "attributes": hit}]}
    assert kind(given) == "retriever"
    assert documents(given) == [{"id": "d1", "score": 0.5, "content": "Parcels."}]


def test_a_prompts_name_among_its_messages_is_no_message() -> None:
    given = {"gen_ai.prompt.name": "support", "gen_ai.prompt.0.role": "user", "gen_ai.prompt.0.content": "hi"}
    assert said(input_messages(given)) == [("user", ["hi"])]


def test_an_answer_in_json_is_text() -> None:
    given = {"gen_ai.completion.0.role": "assistant", "gen_ai.completion.0.content": '[{"type": "text", "text": "x"}]'}
    assert said(output_messages(given)) == [("assistant", ['[{"type": "text", "text": "x"}]'])]


def test_its_own_names_of_parameters_add_to_the_conventions() -> None:
    given = {"llm.top_k": 4, "gen_ai.request.temperature": 0.5}
    assert model_parameters(given) == {"top_k": 4, "temperature": 0.5}
