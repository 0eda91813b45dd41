"""What OpenInference's instrumentors send becomes the same columns as everyone else's."""

from __future__ import annotations

import time
from typing import Any

import pytest

from assay.collector.dialects.openinference import (
    completions,
    cost,
    documents,
    input_messages,
    prompts,
    request,
)
from support.recordings import columns, recorded_row, recorded_rows, said

MODEL = "gpt-4o-mini-2024-07-18"
ASKED = [("system", ["You are a support bot."]), ("user", ["Where is my order 42?"])]
ANSWER = "It left the warehouse this morning."
TOKENS = ("input_tokens", "output_tokens", "total_tokens", "cache_read_tokens", "cache_write_tokens")


def openai(case: str) -> dict[str, Any]:
    return recorded_row("openinference", f"openinference-instrumentation-openai-0.1.66-{case}")


def langchain(case: str) -> list[dict[str, Any]]:
    return recorded_rows("openinference", f"openinference-instrumentation-langchain-0.1.80-langchain-{case}")


@pytest.mark.parametrize("case", ["chat", "stream"])
def test_a_chat_whole_or_as_a_stream(case: str) -> None:
    row = openai(case)
    assert columns(row, "dialect", "kind", "provider", "status") == ("openinference", "llm", "openai", "ok")
    assert columns(row, "request_model", "response_model") == ("gpt-4o-mini", MODEL)
    assert said(row["input_messages"]) == ASKED
    assert said(row["output_messages"]) == [("assistant", [ANSWER])]
    assert columns(row, *TOKENS[:4]) == (120, 8, 128, 100)
    assert row["cost_usd"] == pytest.approx(20 * 0.15e-6 + 100 * 0.075e-6 + 8 * 0.6e-6)


def test_parameters_are_without_the_model_and_the_tools() -> None:
    assert openai("chat")["model_parameters"] == {"max_tokens": 50, "temperature": 0.2}


def test_session_user_tags_metadata_and_prompt_of_the_context() -> None:
    row = openai("context")
    assert columns(row, "session_id", "user_id", "tags", "metadata", "prompt_version") == (
        "s1",
        "u7",
        ["beta"],
        {"plan": "pro"},
        3,
    )


@pytest.mark.parametrize("case", ["tool-calls", "tool-calls-stream"])
def test_parallel_calls_of_tools(case: str) -> None:
    row = openai(case)
    calls = ['call_1: find_order({"id": 42})', 'call_2: find_order({"id": 43})']
    assert said(row["output_messages"]) == [("assistant", calls)]
    assert row["tools"][0]["function"]["name"] == "find_order"


def test_what_a_tool_answered_is_not_what_the_user_said() -> None:
    row = openai("tool-results")
    assert said(row["input_messages"])[-1] == ("tool", ['call_1 -> "{\\"status\\": \\"sent\\"}"'])
    assert row["input"] == "Where is my order 42?"


def test_a_picture_is_a_part_of_its_own() -> None:
    [message] = openai("picture")["input_messages"]
    assert message["parts"][1] == {"type": "uri", "modality": "image", "uri": "https://example.org/parcel.png"}


def test_a_refusal_is_found_where_it_alone_is_told() -> None:
    assert openai("refusal")["output"] == "I cannot help with that."


def test_reasoning_and_calls_of_the_responses_api_are_one_message() -> None:
    row = openai("responses-tools")
    [message] = row["output_messages"]
    assert [part["type"] for part in message["parts"]] == ["reasoning", "tool_call"]
    assert columns(row, *TOKENS[:4], "reasoning_tokens") == (60, 12, 72, 40, 5)


def test_an_embedding_shows_the_texts() -> None:
    row = openai("embeddings")
    assert columns(row, "kind", "request_model", "input", "input_tokens", "output_tokens") == (
        "embedding",
        "text-embedding-3-small",
        "one two\nthree",
        3,
        None,
    )


def test_a_failed_call_is_an_error_without_an_answer() -> None:
    row = openai("error")
    assert columns(row, "status", "output", "total_tokens", "cost_usd") == ("error", None, None, None)


@pytest.mark.parametrize("case", ["chat", "stream", "tools"])
def test_counts_of_claude_include_the_cache(case: str) -> None:
    row = recorded_row("openinference", f"openinference-instrumentation-anthropic-3.1.0-anthropic-{case}")
    assert columns(row, "request_model", "response_model") == ("claude-sonnet-4-5", "claude-sonnet-4-5-20250929")
    assert columns(row, *TOKENS) == (260, 30, 290, 200, 50)


def test_a_call_of_claude_is_told_once_though_it_is_sent_twice() -> None:
    row = recorded_row("openinference", "openinference-instrumentation-anthropic-3.1.0-anthropic-tools")
    assert said(row["output_messages"]) == [("assistant", ["One more.", 'toolu_2: find_order({"id": 43})'])]
    assert said(row["input_messages"])[3] == ("tool", ['toolu_1 -> "sent"'])


def test_an_agent_of_langgraph_reads_as_question_and_answer() -> None:
    rows = {row["name"]: row for row in langchain("agent")}
    assert columns(rows["support"], "input", "output", "session_id", "user_id") == (
        "Where is my order 42?",
        ANSWER,
        "s1",
        "u7",
    )
    assert columns(rows["find_order"], "kind", "tool_name", "input", "output") == (
        "tool",
        "find_order",
        '{"id": 42}',
        '{"status": "sent", "id": 42}',
    )
    assert [row["total_tokens"] for row in rows.values() if row["kind"] != "llm"] == [None] * 4


def test_a_retriever_gives_documents_with_their_text() -> None:
    [row] = langchain("retriever")
    assert columns(row, "kind", "input") == ("retriever", "How long do parcels take?")
    assert row["documents"] == [
        {"content": "Parcels take two days.", "metadata": {"page": 3}},
        {"content": "Returns are free."},
    ]


def test_nested_model_spans_of_llama_index_have_usage_only_once() -> None:
    rows = recorded_rows("openinference", "openinference-instrumentation-llama-index-4.6.1-query")
    calls = {row["name"]: row["total_tokens"] for row in rows if row["kind"] == "llm"}
    assert calls == {"OpenAI.chat": 98, "OpenAI.predict": None}
    [retriever] = [row for row in rows if row["name"] == "VectorIndexRetriever.retrieve"]
    assert retriever["documents"][0]["score"] == pytest.approx(1.0)


def test_text_completions_have_prompts_and_choices() -> None:
    given = {
        "openinference.span.kind": "LLM",
        "llm.prompts.0.prompt.text": "Once",
        "llm.choices.0.completion.text": " upon a time",
    }
    assert said(prompts(given)) == [("user", ["Once"])]
    assert said(completions(given)) == [("assistant", [" upon a time"])]
    assert said(prompts({**given, "llm.prompts": ["a", "b"]})) == [("user", ["a"]), ("user", ["b"])]


@pytest.mark.parametrize(
    "value",
    [
        '{"messages": [{"role": "user", "content": "hi"}], "model": "m"}',
        '{"messages": [[{"lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", "HumanMessage"],'
        ' "kwargs": {"content": "hi", "type": "human"}}]]}',
        '{"input": "hi", "model": "m"}',
    ],
)
def test_a_call_without_flattened_messages_is_read_from_its_input(value: str) -> None:
    assert said(request({"openinference.span.kind": "LLM", "input.value": value})) == [("user", ["hi"])]
    assert request({"openinference.span.kind": "CHAIN", "input.value": value}) is None


def test_a_reranker_gives_what_it_put_out() -> None:
    given = {
        "reranker.input_documents.0.document.content": "a",
        "reranker.output_documents.0.document.content": "b",
        "reranker.output_documents.0.document.score": 0.5,
    }
    assert documents(given) == [{"content": "b", "score": 0.5}]


def test_costs_of_the_parts_are_summed_up_where_no_total_is_told() -> None:
    assert cost({"llm.cost.prompt": 0.25, "llm.cost.completion": 0.5}) == 0.75
    assert cost({"llm.cost.prompt_details.cache_read": 0.25}) is None


def flattened(count: int) -> dict[str, Any]:
    return {
        f"llm.input_messages.{number}.message.{name}": value
        for number in range(count)
        for name, value in (("role", "user"), ("content", f"text {number}"))
    }


def test_a_thousand_messages_are_read_in_their_order_in_linear_time() -> None:
    def seconds(count: int) -> float:
        given = flattened(count)
        started = time.perf_counter()
        assert said(input_messages(given))[-1] == ("user", [f"text {count - 1}"])
        return time.perf_counter() - started

    few, many = (min(seconds(count) for _ in range(5)) for count in (1000, 8000))
    assert many < 40 * few  # eight times as many; were it quadratic, it would be sixty-four times


def test_gaps_and_strange_numbers_do_no_harm() -> None:
    given = {
        "llm.input_messages.1.message.content": "one",
        "llm.input_messages.10.message.content": "ten",
        "llm.input_messages.9999999999999999999999.message.content": "no number of anyone's",
        "llm.input_messages.x.message.content": "no number",
        "llm.input_messages": "no list",
        "llm.input_messages.2.message." + ".".join("a" * 5000): "deep",
    }
    assert said(input_messages(given)) == [("user", ["one"]), ("user", []), ("user", ["ten"])]
