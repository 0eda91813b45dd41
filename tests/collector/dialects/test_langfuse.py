"""What Langfuse's SDK sends, in three major versions, becomes the same columns."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assay.collector.dialects import langfuse
from support.recordings import columns, recorded_row, recorded_rows, said

VERSIONS = ("langfuse-3.8.1", "langfuse-4.10.0", "langfuse-5.0.4")
every_version = pytest.mark.parametrize("version", VERSIONS)

ASKED = [("system", ["Be brief."]), ("user", ["Where is my order?"])]
BOTH_CALLS = ['call_1: search({"query": "order"})', 'call_2: search({"query": "invoice"})']
TOKENS = ("input_tokens", "output_tokens", "total_tokens", "cache_read_tokens", "reasoning_tokens")
MODEL = "gpt-4o-mini-2024-07-18"


def row(recording: str, **wanted: Any) -> dict[str, Any]:
    return recorded_row("langfuse", recording, **wanted)


@every_version
def test_a_chat_has_model_messages_tokens_and_cost(version: str) -> None:
    call = row(f"{version}-chat")
    assert columns(call, "dialect", "kind", "status", "response_model") == ("langfuse", "llm", "unset", MODEL)
    assert said(call["input_messages"]) == ASKED
    assert said(call["output_messages"]) == [("assistant", ["On its way."])]
    assert columns(call, "input", "output") == ("Where is my order?", "On its way.")
    assert columns(call, *TOKENS) == (120, 30, 150, 100, 20)
    assert call["cost_usd"] == pytest.approx(20 * 0.15e-6 + 100 * 0.075e-6 + 30 * 0.6e-6)


@every_version
def test_a_chat_names_its_prompt_and_where_it_ran(version: str) -> None:
    call = row(f"{version}-chat")
    assert columns(call, "prompt_name", "prompt_version", "environment") == ("support", 3, "staging")
    assert call["metadata"] == {"plan": "pro", "attempt": 2, "zip": "01234"}
    assert call["model_parameters"]["temperature"] == 0.2
    assert "max_tokens" not in call["model_parameters"]  # none was given; the SDK writes "Infinity"


@pytest.mark.parametrize("version", VERSIONS[1:])
def test_the_release_is_on_every_span(version: str) -> None:
    assert row(f"{version}-chat")["release"] == "r7"


@every_version
def test_a_stream_reads_like_a_whole_answer(version: str) -> None:
    call = row(f"{version}-stream")
    assert said(call["output_messages"]) == [("assistant", ["On its way."])]
    assert columns(call, *TOKENS) == (12, 3, 15, 4, 0)


@every_version
def test_a_stream_without_usage_leaves_tokens_and_cost_unknown(version: str) -> None:
    call = row(f"{version}-stream-without-usage")
    assert columns(call, "output", *TOKENS, "cost_usd") == ("On its way.", None, None, None, None, None, None)


@pytest.mark.parametrize(
    "recording",
    # Version 3.8 itself runs the fragments of two streamed calls together
    [*(f"{version}-tools" for version in VERSIONS), *(f"{version}-tools-stream" for version in VERSIONS[1:])],
)
def test_tools_offered_and_called(recording: str) -> None:
    call = row(recording)
    assert [tool["function"]["name"] for tool in call["tools"]] == ["search"]
    assert said(call["input_messages"]) == ASKED
    assert call["tool_call_names"] == ["search", "search"]
    assert said(call["output_messages"]) == [("assistant", BOTH_CALLS)]


@every_version
def test_results_of_tools_stay_with_their_calls(version: str) -> None:
    call = row(f"{version}-tool-results")
    assert said(call["input_messages"])[2:] == [("assistant", BOTH_CALLS[:1]), ("tool", ['call_1 -> "shipped"'])]
    assert call["input"] == "Where is my order?"


@every_version
def test_an_answer_in_json_is_text(version: str) -> None:
    assert row(f"{version}-structured")["output"] == '{"answer": "On its way."}'


@every_version
def test_a_picture_is_a_part_of_the_question(version: str) -> None:
    (message,) = row(f"{version}-image")["input_messages"]
    assert [part["type"] for part in message["parts"]] == ["text", "uri"]
    assert message["parts"][1]["uri"] == "https://example.com/parcel.png"


@every_version
def test_an_embedding(version: str) -> None:
    call = row(f"{version}-embedding")
    assert columns(call, "kind", "input", "input_tokens", "output_tokens") == (
        "embedding",
        '["red shoes", "blue"]',
        3,
        None,
    )


@every_version
def test_the_responses_api_counts_reasoning_and_cached_tokens_in(version: str) -> None:
    call = row(f"{version}-responses")
    assert columns(call, *TOKENS) == (50, 12, 62, 20, 8)
    assert columns(call, "input", "output", "tool_call_names") == ("Where is my order?", "On its way.", ["search"])
    assert [part["type"] for part in call["output_messages"][0]["parts"]] == ["reasoning", "text", "tool_call"]


@every_version
def test_a_failed_call_has_no_answer_and_costs_nothing_known(version: str) -> None:
    call = row(f"{version}-error")
    assert columns(call, "status", "request_model", "response_model") == ("error", "gpt-4o-mini", None)
    assert "slow down" in call["status_message"]
    assert columns(call, "output", "cost_usd", "input_tokens") == (None, None, None)


@every_version
def test_several_choices_are_several_messages(version: str) -> None:
    assert said(row(f"{version}-choices")["output_messages"]) == [("assistant", ["One."]), ("assistant", ["Two."])]


@every_version
def test_observations_of_every_type_have_their_kind(version: str) -> None:
    kinds = {span["name"]: span["kind"] for span in recorded_rows("langfuse", f"{version}-trace")}
    assert kinds == {
        "search": "retriever",
        "lookup": "tool",
        "harmless": "guardrail",
        "OpenAI-generation": "llm",
        "support": "agent",
        "request": None,
    }


@every_version
def test_a_retriever_has_documents_and_a_tool_its_name(version: str) -> None:
    search = row(f"{version}-trace", name="search")
    assert search["documents"] == [{"content": "Parcels take 3 days.", "metadata": {"source": "faq.md"}}]
    lookup = row(f"{version}-trace", name="lookup")
    assert columns(lookup, "tool_name", "output") == ("lookup", '{"state": "shipped"}')


@every_version
def test_the_trace_names_session_user_and_tags(version: str) -> None:
    root = row(f"{version}-trace", name="request")
    assert columns(root, "session_id", "user_id", "tags", "metadata") == ("s1", "u7", ["beta", "web"], {"plan": "pro"})


@every_version
def test_what_was_written_by_hand_wins_over_what_can_be_reckoned(version: str) -> None:
    call = row(f"{version}-by-hand")
    assert columns(call, *TOKENS, "cache_write_tokens") == (120, 5, 125, 90, None, 20)
    assert columns(call, "cost_usd", "output", "metadata") == (0.003, "Hi!", {"metadata": "plain"})


@every_version
def test_a_level_of_error_is_an_error(version: str) -> None:
    assert columns(row(f"{version}-by-hand-error"), "status", "status_message") == ("error", "no stock")


@every_version
def test_langchain_calls_count_each_bucket_once(version: str) -> None:
    call = row(f"{version}-langchain", name="ChatOpenAI")
    assert columns(call, *TOKENS) == (120, 30, 150, 100, 20)
    assert columns(call, "provider", "request_model", "response_model") == ("openai", "gpt-4o-mini", MODEL)


@every_version
def test_langchain_sends_definitions_of_tools_as_messages_of_tools(version: str) -> None:
    calls = [span for span in recorded_rows("langfuse", f"{version}-langchain") if span["name"] == "ChatOpenAI"]
    assert [tool["function"]["name"] for tool in calls[1]["tools"]] == ["find"]
    assert said(calls[1]["input_messages"]) == [("user", ["Where is my order?"])]
    assert said(calls[1]["output_messages"]) == [("assistant", BOTH_CALLS)]
    assert columns(calls[1], "session_id", "user_id", "tags") == ("s1", "u7", ["beta"])


def test_a_graph_answers_with_its_last_message() -> None:
    spans = {span["name"]: span for span in recorded_rows("langfuse", "langfuse-5.0.4-langchain-agent")}
    assert columns(spans["support"], "kind", "input") == ("chain", "Where is my order 42?")
    assert said(spans["support"]["output_messages"]) == [("assistant", ["It left the warehouse this morning."])]
    assert columns(spans["find_order"], "input", "output") == ('{"id": 42}', '{"status": "sent", "id": 42}')
    assert columns(spans["support"], "session_id", "user_id") == ("s1", "u7")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('"pro"', "pro"),
        ("pro", "pro"),
        ("2", 2),
        ("3.10", "3.10"),
        ("true", True),
        ("[1]", [1]),
        ("{broken", "{broken"),
    ],
)
def test_metadata_is_json_or_plain_depending_on_the_version(written: str, read: Any) -> None:
    assert langfuse.metadata({"langfuse.trace.metadata.x": written}) == {"x": read}


def test_a_conversation_by_hand_reads_messages_and_a_function_only_its_arguments() -> None:
    spoken = {langfuse.TYPE: "generation", langfuse.INPUT: json.dumps({"args": ["hello"], "kwargs": {}})}
    assert langfuse.input_messages(spoken) is None
    assert langfuse.output_messages({langfuse.TYPE: "generation", langfuse.OUTPUT: '["a", "b"]'}) == [
        {"role": "assistant", "parts": [{"type": "text", "content": '["a", "b"]'}]}
    ]


@pytest.mark.parametrize("broken", ["", "[", '"', "null", "3", "[[]]", '{"total": []}', {"a": 1}, [None], 3, None])
def test_values_of_strange_types_raise_nothing(broken: Any) -> None:
    names = [langfuse.TYPE, langfuse.INPUT, langfuse.OUTPUT, langfuse.MODEL, langfuse.PARAMETERS, langfuse.USAGE]
    attributes = dict.fromkeys([*names, langfuse.COST, langfuse.LEVEL, *langfuse.METADATA], broken)
    for does in (broken, "generation", "retriever"):
        for function in langfuse.DIALECT.functions.values():
            function({**attributes, langfuse.TYPE: does})
