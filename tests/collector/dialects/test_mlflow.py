"""What MLflow exports over OTLP, in three versions and two forms, becomes the same columns."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assay.collector.dialects import mlflow
from support.recordings import columns, recorded_row, recorded_rows, said

OLDEST, OLDER, NEWEST = "mlflow-tracing-3.4.0", "mlflow-tracing-3.8.1", "mlflow-tracing-3.17.2"
VERSIONS = (OLDEST, OLDER, NEWEST)
GENAI = f"{NEWEST}-genai"
every_version = pytest.mark.parametrize("version", VERSIONS)
every_form = pytest.mark.parametrize("version", [*VERSIONS, GENAI])

ASKED = [("system", ["Be brief."]), ("user", ["Where is my order?"])]
BOTH_CALLS = ['call_1: search({"query": "order"})', 'call_2: search({"query": "invoice"})']
TOKENS = ("input_tokens", "output_tokens", "total_tokens", "cache_read_tokens", "reasoning_tokens")
MODELS = ("provider", "request_model", "response_model")
MODEL = "gpt-4o-mini-2024-07-18"


def row(recording: str, **wanted: Any) -> dict[str, Any]:
    return recorded_row("mlflow", recording, **wanted)


@every_form
def test_a_chat_has_messages_and_answer(version: str) -> None:
    call = row(f"{version}-chat")
    assert said(call["input_messages"]) == ASKED
    assert said(call["output_messages"]) == [("assistant", ["On its way."])]
    assert columns(call, "kind", "status", "input", "output") == ("llm", "ok", "Where is my order?", "On its way.")
    assert columns(call, "request_model", "response_model") == ("gpt-4o-mini", MODEL)
    assert columns(call, "finish_reasons", "model_parameters") == (["stop"], {"temperature": 0.2})
    assert columns(call, "input_tokens", "output_tokens", "total_tokens") == (120, 30, 150)


@every_version
def test_cached_and_reasoning_tokens_come_from_the_providers_own_usage(version: str) -> None:
    call = row(f"{version}-chat")
    assert columns(call, "dialect", "provider", "user_id") == ("mlflow", "openai", "u7")
    assert columns(call, *TOKENS) == (120, 30, 150, 100, 20)
    assert call["cost_usd"] == pytest.approx(20 * 0.15e-6 + 100 * 0.075e-6 + 30 * 0.6e-6)


@every_version
def test_a_stream_reads_like_a_whole_answer(version: str) -> None:
    call = row(f"{version}-stream")
    assert said(call["output_messages"]) == [("assistant", ["On its way."])]
    assert columns(call, *TOKENS) == (12, 3, 15, 4, 0)


@every_form
def test_a_stream_without_usage_leaves_tokens_unknown(version: str) -> None:
    call = row(f"{version}-stream-without-usage")
    assert columns(call, "output", "input_tokens", "output_tokens", "cost_usd") == ("On its way.", None, None, None)


@every_form
def test_tools_offered_and_called(version: str) -> None:
    call = row(f"{version}-tools")
    assert [tool.get("function", tool)["name"] for tool in call["tools"]] == ["search"]
    assert said(call["output_messages"]) == [("assistant", BOTH_CALLS)]
    assert call["tool_call_names"] == ["search", "search"]


@every_version
def test_streamed_tool_calls_are_put_together_from_the_chunks(version: str) -> None:
    call = row(f"{version}-tools-stream")
    assert said(call["output_messages"]) == [("assistant", BOTH_CALLS)]
    assert call["finish_reasons"] == ["tool_calls"]


@every_form
def test_results_of_tools_stay_with_their_calls(version: str) -> None:
    call = row(f"{version}-tool-results")
    assert said(call["input_messages"])[2:] == [("assistant", BOTH_CALLS[:1]), ("tool", ['call_1 -> "shipped"'])]
    assert call["input"] == "Where is my order?"


@every_form
def test_an_answer_in_json_is_text(version: str) -> None:
    assert row(f"{version}-structured")["output"] == '{"answer": "On its way."}'


@every_version
def test_a_picture_is_a_part_of_the_question(version: str) -> None:
    (message,) = row(f"{version}-image")["input_messages"]
    assert [part["type"] for part in message["parts"]] == ["text", "uri"]


@every_version
def test_an_embedding_shows_the_texts_and_no_vectors(version: str) -> None:
    call = row(f"{version}-embedding")
    assert columns(call, "kind", "input", "output") == ("embedding", '["red shoes","blue"]', None)
    assert columns(call, "request_model", "input_tokens", "output_tokens") == ("text-embedding-3-small", 3, None)


@every_version
def test_the_responses_api(version: str) -> None:
    call = row(f"{version}-responses")
    assert said(call["input_messages"]) == ASKED
    assert columns(call, *TOKENS) == (50, 12, 62, 20, 8)
    assert columns(call, "output", "tool_call_names") == ("On its way.", ["search"])
    assert [part["type"] for part in call["output_messages"][0]["parts"]] == ["reasoning", "text", "tool_call"]


@every_version
def test_a_failed_call_has_a_request_model_and_no_answer(version: str) -> None:
    call = row(f"{version}-error")
    assert columns(call, "status", *MODELS) == ("error", "openai", "gpt-4o-mini", None)
    assert "slow down" in call["status_message"]
    assert columns(call, "output", "cost_usd", "input_tokens") == (None, None, None)


@every_form
def test_several_choices_are_several_messages(version: str) -> None:
    assert said(row(f"{version}-choices")["output_messages"]) == [("assistant", ["One."]), ("assistant", ["Two."])]


@pytest.mark.parametrize("version", [OLDER, NEWEST])
def test_functions_of_every_type_have_their_kind(version: str) -> None:
    kinds = {span["name"]: span["kind"] for span in recorded_rows("mlflow", f"{version}-trace")}
    assert kinds == {
        "search": "retriever",
        "lookup": "tool",
        "rank": "reranker",
        "Completions": "llm",
        "support": "agent",
    }


def test_kinds_that_the_genai_conventions_lack_are_told_by_the_operation() -> None:
    kinds = [span["kind"] for span in recorded_rows("mlflow", f"{GENAI}-trace")]
    assert kinds == ["retriever", "tool", "reranker", "llm", "agent"]


@pytest.mark.parametrize("version", [OLDER, NEWEST])
def test_a_retriever_has_its_question_and_documents(version: str) -> None:
    search = row(f"{version}-trace", name="search")
    assert search["input"] == "Where is my order?"
    assert search["documents"] == [{"id": "d1", "content": "Parcels take 3 days.", "metadata": {"doc_uri": "faq.md"}}]


@pytest.mark.parametrize("version", [OLDER, NEWEST])
def test_a_tool_has_its_name_arguments_and_result(version: str) -> None:
    lookup = row(f"{version}-trace", name="lookup")
    assert columns(lookup, "tool_name", "input", "output") == ("lookup", '{"order": 7}', '{"state": "shipped"}')


def test_tags_of_the_trace_are_metadata_of_its_root() -> None:
    for form in (NEWEST, GENAI):
        assert row(f"{form}-trace", kind="agent")["metadata"] == {"channel": "web"}


@every_version
def test_an_exception_is_an_error(version: str) -> None:
    broken = row(f"{version}-failed")
    assert columns(broken, "kind", "status", "status_message") == ("tool", "error", "ValueError: no stock")


@every_version
def test_langchain_calls_name_models_session_and_user(version: str) -> None:
    call = row(f"{version}-langchain", name="ChatOpenAI")
    assert said(call["input_messages"]) == ASKED
    assert said(call["output_messages"]) == [("assistant", ["On its way."])]
    assert columns(call, "provider", "request_model", "session_id", "user_id") == ("openai", "gpt-4o-mini", "s1", "u7")
    assert columns(call, *TOKENS[:4]) == (120, 30, 150, 100)


@every_version
def test_langchain_chains_retrievers_and_tools_read_plainly(version: str) -> None:
    spans = {span["name"]: span for span in recorded_rows("mlflow", f"{version}-langchain")}
    assert columns(spans["RunnableSequence"], "kind", "output") == ("chain", "On its way.")
    assert columns(spans["Shelf"], "kind", "input") == ("retriever", "parcels")
    assert [document["content"] for document in spans["Shelf"]["documents"]] == ["Parcels take 3 days."]
    assert columns(spans["find"], "kind", "input", "output") == ("tool", '{"query": "order"}', "shipped")


def test_claude_counts_cached_tokens_beside_and_comes_out_with_them() -> None:
    call = row(f"{NEWEST}-anthropic-tools")
    assert columns(call, *MODELS) == ("anthropic", "claude-sonnet-4-5", "claude-sonnet-4-5-20250929")
    assert columns(call, *TOKENS[:4], "cache_write_tokens") == (260, 30, 290, 200, 50)
    assert call["cost_usd"] == pytest.approx(10 * 3e-6 + 200 * 0.3e-6 + 50 * 3.75e-6 + 30 * 15e-6)
    assert [message["role"] for message in call["input_messages"]] == ["system", "user", "assistant", "tool"]
    assert columns(call, "output", "tool_call_names", "finish_reasons") == ("One more.", ["find_order"], ["tool_use"])


def test_a_stream_that_mlflow_could_not_read_has_no_answer() -> None:
    assert columns(row(f"{NEWEST}-anthropic-stream"), "output", "output_messages", "input_tokens") == (None, None, None)


@pytest.mark.parametrize(("sent", "read"), [("sent", "sent"), ({"state": "sent"}, '{"state":"sent"}'), (7, "7")])
def test_a_plain_result_is_taken_out_of_its_wrapping(sent: Any, read: str) -> None:
    outputs = json.dumps({"_value": sent})
    assert mlflow.output_text({mlflow.TYPE: '"TOOL"', mlflow.OUTPUTS: outputs}) == read


def test_a_graph_answers_with_its_last_message() -> None:
    spans = {span["name"]: span for span in recorded_rows("mlflow", f"{NEWEST}-langchain-agent")}
    assert columns(spans["support"], "kind", "input") == ("chain", "Where is my order 42?")
    assert said(spans["support"]["output_messages"]) == [("assistant", ["It left the warehouse this morning."])]
    assert columns(spans["find_order"], "input", "output") == ('{"id": 42}', '{"status": "sent", "id": 42}')


def encoded(**attributes: Any) -> dict[str, Any]:
    return {f"mlflow.{name.replace('_', '.')}": json.dumps(value) for name, value in attributes.items()}


def test_the_trace_names_session_user_prompt_and_cost() -> None:
    told = encoded(
        trace_session="s1",
        trace_user="u7",
        linkedPrompts=[{"name": "qa", "version": "3"}],
        llm_cost={"input_cost": 0.1, "total_cost": 0.3},
    )
    functions = mlflow.DIALECT.functions
    assert [
        functions[name](told) for name in ("session_id", "user_id", "prompt_name", "prompt_version", "cost_usd")
    ] == [
        "s1",
        "u7",
        "qa",
        "3",
        0.3,
    ]


@pytest.mark.parametrize("broken", ["", "[", '"', "null", "3", "[[]]", '{"choices": [null]}', '{"generations": [[3]]}'])
def test_values_of_strange_types_say_nothing_and_raise_nothing(broken: str) -> None:
    attributes = dict.fromkeys(
        [mlflow.TYPE, mlflow.INPUTS, mlflow.OUTPUTS, mlflow.USAGE, mlflow.COST, mlflow.TOOLS, mlflow.PROMPTS], broken
    )
    for does in (broken, '"LLM"', '"RETRIEVER"'):
        for function in mlflow.DIALECT.functions.values():
            function({**attributes, mlflow.TYPE: does})
            function({mlflow.TYPE: does})
