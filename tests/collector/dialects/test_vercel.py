"""What the Vercel AI SDK sends, in four major versions, becomes the same columns."""

from __future__ import annotations

from typing import Any

import pytest

from assay.collector.dialects import vercel
from assay.collector.messages import to_messages
from assay.collector.providers import as_provider
from support.recordings import columns, recorded_row, recorded_rows, said

VERSIONS = ("ai-4.3.19", "ai-5.0.277", "ai-6.0.326", "ai-7.0.173-legacy", "ai-7.0.173")
OF_AI = VERSIONS[:-1]  # those that write `ai.*`; the last one writes GenAI names

ASKED = [("system", ["Be brief."]), ("user", ["Where is my order?"])]
CALLING = ("assistant", ['call_1: search({"query": "order"})'])
CALLED = ("tool", ['call_1 -> {"state": "shipped", "query": "order"}'])
PRICES = {"input": 0.15e-6, "cached": 0.075e-6, "output": 0.6e-6}  # of gpt-4o-mini


def row(recording: str, **wanted: Any) -> dict[str, Any]:
    return recorded_row("vercel", recording, **wanted)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_chat_is_one_model_call_below_the_function_that_was_called(version: str) -> None:
    call = row(f"{version}-chat", kind="llm")
    assert columns(call, "provider", "request_model", "response_model") == (
        "openai",
        "gpt-4o-mini",
        "gpt-4o-mini-2024-07-18",
    )
    assert said(call["input_messages"]) == ASKED
    assert said(call["output_messages"]) == [("assistant", ["On its way."])]
    assert columns(call, "input", "output", "status") == ("Where is my order?", "On its way.", "unset")
    assert columns(call, "input_tokens", "output_tokens", "total_tokens") == (120, 30, 150)
    assert columns(call, "finish_reasons", "model_parameters") == (["stop"], {"temperature": 0.2, "max_tokens": 100})
    assert len([span for span in recorded_rows("vercel", f"{version}-chat") if span["kind"] == "llm"]) == 1


@pytest.mark.parametrize("version", [version for version in VERSIONS if version != "ai-5.0.277"])
def test_cached_and_reasoning_tokens_are_parts_of_the_totals(version: str) -> None:
    call = row(f"{version}-chat", kind="llm")
    assert columns(call, "cache_read_tokens", "reasoning_tokens") == (100, 20)
    cost = 20 * PRICES["input"] + 100 * PRICES["cached"] + 30 * PRICES["output"]
    assert call["cost_usd"] == pytest.approx(cost)


def test_version_5_says_nothing_of_cached_tokens_so_they_stay_unknown() -> None:
    call = row("ai-5.0.277-chat", kind="llm")
    assert columns(call, "cache_read_tokens", "reasoning_tokens") == (None, None)


@pytest.mark.parametrize("version", OF_AI)
def test_the_function_around_the_call_reads_alike_and_costs_nothing_itself(version: str) -> None:
    function = row(f"{version}-chat", operation="ai.generateText")
    assert columns(function, "kind", "dialect", "cost_usd") == ("chain", "vercel", None)
    assert columns(function, "input", "output") == ("Where is my order?", "On its way.")
    assert said(function["input_messages"]) == ASKED
    assert (function["provider"], function["request_model"]) == ("openai", "gpt-4o-mini")


@pytest.mark.parametrize("version", OF_AI)
def test_what_was_attached_to_a_call_is_session_user_tags_and_metadata(version: str) -> None:
    for span in recorded_rows("vercel", f"{version}-chat")[:2]:
        assert columns(span, "dialect", "session_id", "user_id", "tags") == ("vercel", "s1", "u7", ["beta", "web"])
        assert span["metadata"] == {"plan": "pro", "functionId": "support"}


def test_version_7_attaches_it_to_the_agent() -> None:
    agent = row("ai-7.0.173-chat", kind="agent")
    assert columns(agent, "session_id", "user_id", "tags", "metadata") == ("s1", "u7", ["beta", "web"], {"plan": "pro"})


@pytest.mark.parametrize("version", ["ai-5.0.277", "ai-6.0.326", "ai-7.0.173-legacy", "ai-7.0.173"])
def test_a_stream_reads_like_a_whole_answer(version: str) -> None:
    call = row(f"{version}-stream", kind="llm")
    assert said(call["output_messages"]) == [("assistant", ["On its way."])]
    assert columns(call, "input_tokens", "output_tokens", "cache_read_tokens", "reasoning_tokens") == (120, 30, 100, 20)
    assert columns(call, "finish_reasons", "provider") == (["stop"], "openai")


def test_a_stream_without_usage_has_none_rather_than_not_a_number() -> None:
    call = row("ai-4.3.19-stream", kind="llm")
    assert columns(call, "input_tokens", "output_tokens", "total_tokens", "cost_usd") == (None, None, None, None)
    assert call["output"] == "On its way."


@pytest.mark.parametrize("case", ["tools", "tools-stream"])
@pytest.mark.parametrize("version", VERSIONS)
def test_a_tool_call_its_answer_and_what_came_of_it_are_three_spans(version: str, case: str) -> None:
    calls = [span for span in recorded_rows("vercel", f"{version}-{case}") if span["kind"] == "llm"]
    assert [said(call["output_messages"]) for call in calls] == [[CALLING], [("assistant", ["On its way."])]]
    assert calls[0]["tool_call_names"] == ["search"]
    assert calls[0]["output"] == 'search({"query":"order"})'
    assert [tool["name"] for tool in calls[0]["tools"]] == ["search"]
    assert said(calls[1]["input_messages"]) == [*ASKED, CALLING, CALLED]
    assert calls[1]["input"] == "Where is my order?"
    tool = row(f"{version}-{case}", kind="tool")
    assert columns(tool, "tool_name", "input", "output") == (
        "search",
        '{"query":"order"}',
        '{"state":"shipped","query":"order"}',
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_a_tool_that_fails_is_an_error(version: str) -> None:
    tool = row(f"{version}-tool-error", kind="tool")
    assert tool["status"] == "error"
    assert "the shop is closed" in tool["status_message"]
    assert tool["tool_name"] == "search"


@pytest.mark.parametrize("case", ["object", "object-stream"])
@pytest.mark.parametrize("version", VERSIONS)
def test_an_answer_in_json_stays_text(version: str, case: str) -> None:
    call = row(f"{version}-{case}", kind="llm")
    assert said(call["output_messages"]) == [("assistant", ['{"answer":"On its way."}'])]
    assert call["output"] == '{"answer":"On its way."}'


@pytest.mark.parametrize(
    ("case", "given", "tokens"), [("embed", "red shoes", 2), ("embed-many", '["red shoes","blue"]', 3)]
)
@pytest.mark.parametrize("version", VERSIONS)
def test_embedded_texts_are_the_input_and_vectors_are_left_out(
    version: str, case: str, given: str, tokens: int
) -> None:
    call = next(
        span
        for span in recorded_rows("vercel", f"{version}-{case}")
        if span["kind"] == "embedding" and span["input_tokens"] is not None
    )
    assert columns(call, "provider", "request_model") == ("openai", "text-embedding-3-small")
    assert columns(call, "input", "output", "input_tokens") == (given, None, tokens)
    assert call["cost_usd"] == pytest.approx(tokens * 0.02e-6)


@pytest.mark.parametrize("version", OF_AI)
def test_an_image_is_a_part_of_its_own(version: str) -> None:
    (_, user) = row(f"{version}-image", kind="llm")["input_messages"]
    image = {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "iVBORw0KGgo="}
    assert user["parts"] == [{"type": "text", "content": "What is this?"}, image]


def test_a_file_by_its_address_is_not_taken_for_its_bytes() -> None:
    file = {"type": "file", "mediaType": "image/png", "data": "https://example.com/a.png"}
    (message,) = to_messages([{"role": "user", "content": [file]}], role="user") or []
    part = {"type": "uri", "modality": "image", "mime_type": "image/png", "uri": "https://example.com/a.png"}
    assert message["parts"] == [part]


@pytest.mark.parametrize("case", ["error", "error-stream"])
@pytest.mark.parametrize("version", VERSIONS)
def test_a_call_that_the_model_refuses_is_an_error_with_its_question(version: str, case: str) -> None:
    call = row(f"{version}-{case}", kind="llm")
    assert columns(call, "status", "status_message", "input") == ("error", "slow down", "Where is my order?")
    assert columns(call, "output", "input_tokens", "cost_usd") == (None, None, None)


@pytest.mark.parametrize("version", ["ai-6.0.326", "ai-7.0.173-legacy", "ai-7.0.173"])
def test_reasoning_of_the_responses_api_stands_before_the_answer(version: str) -> None:
    calls = [span for span in recorded_rows("vercel", f"{version}-responses") if span["kind"] == "llm"]
    thought = {"type": "reasoning", "content": "Orders are shipped."}
    assert said(calls[0]["output_messages"]) == [("assistant", [thought, *CALLING[1]])]
    assert said(calls[1]["output_messages"]) == [("assistant", [thought, "On its way."])]
    assert columns(calls[1], "provider", "input_tokens", "cache_read_tokens") == ("openai", 120, 100)


@pytest.mark.parametrize("version", VERSIONS)
def test_cached_tokens_of_anthropic_are_added_where_they_were_counted_apart(version: str) -> None:
    call = row(f"{version}-anthropic", kind="llm")
    assert columns(call, "provider", "request_model") == ("anthropic", "claude-sonnet-4-5")
    assert columns(call, "input_tokens", "output_tokens", "total_tokens") == (130, 30, 160)
    assert columns(call, "cache_read_tokens", "cache_write_tokens") == (100, 10)
    assert call["cost_usd"] == pytest.approx(20 * 3e-6 + 100 * 0.3e-6 + 10 * 3.75e-6 + 30 * 15e-6)


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ("openai.responses", "openai"),
        ("google.generative-ai", "gcp.gemini"),
        ("google.vertex.chat", "gcp.vertex_ai"),
        ("amazon-bedrock", "aws.bedrock"),
        ("azure.chat", "azure.ai.openai"),
        ("mistral.chat", "mistral_ai"),
        ("xai.chat", "x_ai"),
        ("googlemaps", "googlemaps"),
    ],
)
def test_the_sdks_provider_names_become_the_conventions(named: str, expected: str) -> None:
    assert as_provider(vercel.provider({"ai.model.provider": named})) == expected


def test_a_prompt_that_looks_like_json_stays_text() -> None:
    messages = vercel.input_messages({"ai.prompt": '{"prompt":"[{\\"role\\":\\"user\\"}]"}'})
    assert said(messages) == [("user", ['[{"role":"user"}]'])]


def test_names_of_version_3_are_read() -> None:
    old = {
        "operation.name": "ai.generateText.doGenerate support",
        "ai.finishReason": "stop",
        "ai.result.text": "On its way.",
    }
    assert vercel.kind(old) == "llm"
    assert said(vercel.output_messages(old)) == [("assistant", ["On its way."])]


def test_thoughts_of_gemini_are_part_of_the_output_though_version_5_counts_them_apart() -> None:
    metadata = '{"google":{"usageMetadata":{"thoughtsTokenCount":40}}}'
    counts = {"ai.usage.promptTokens": 10, "ai.usage.completionTokens": 5, "ai.response.providerMetadata": metadata}
    assert vercel.output_tokens({"ai.model.provider": "google.generative-ai", **counts}) == 45
    assert vercel.output_tokens({"ai.model.provider": "openai.chat", **counts}) == 5


def test_reranked_documents_stand_in_the_order_of_the_ranking() -> None:
    ranking = ['{"index":1,"relevanceScore":0.9}', '{"index":0,"relevanceScore":0.1}']
    found = vercel.documents({"ai.documents": ['"red"', '{"colour":"blue"}'], "ai.ranking": ranking})
    assert found == [
        {"id": "1", "content": '{"colour":"blue"}', "score": 0.9},
        {"id": "0", "content": "red", "score": 0.1},
    ]
