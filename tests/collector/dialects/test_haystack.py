"""What Haystack sends becomes canonical, whether its version has a tracer of its own or not."""

from __future__ import annotations

from typing import Any

import pytest

from assay.collector.dialects import haystack
from support.recordings import columns, recorded_row, recorded_rows, said

VERSIONS = ["haystack-ai-2.31.0", "haystack-ai-3.4.0"]
CALLING = ("assistant", ['call_1: find_order({"id": 42})'])


def row(recording: str, **wanted: Any) -> dict[str, Any]:
    return recorded_row("haystack", recording, **wanted)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_generator_is_a_model_call(version: str) -> None:
    call = row(f"{version}-pipeline", kind="llm")
    assert columns(call, "dialect", "provider", "response_model") == ("generic", "openai", "gpt-4o-mini-2024-07-18")
    assert said(call["input_messages"]) == [
        ("system", ["Answer from: Parcels take two days. "]),
        ("user", ["How long do parcels take?"]),
    ]
    assert said(call["output_messages"]) == [("assistant", ["Two days."])]
    assert columns(call, "input", "output", "finish_reasons") == ("How long do parcels take?", "Two days.", ["stop"])
    assert columns(call, "input_tokens", "output_tokens", "total_tokens") == (120, 30, 150)
    assert columns(call, "cache_read_tokens", "reasoning_tokens") == (100, 20)
    assert call["cost_usd"] == pytest.approx(20 * 0.15e-6 + 100 * 0.075e-6 + 30 * 0.6e-6)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_retriever_gives_documents_with_the_metadata_that_stood_among_their_fields(version: str) -> None:
    search = row(f"{version}-pipeline", kind="retriever")
    assert columns(search, "input", "output") == ("How long do parcels take?", None)
    (document,) = search["documents"]
    assert document.pop("score") == pytest.approx(0.719, abs=0.001)
    assert document == {"id": "d1", "content": "Parcels take two days.", "metadata": {"page": 3}}


@pytest.mark.parametrize("version", VERSIONS)
def test_the_other_spans_of_a_pipeline_have_kinds(version: str) -> None:
    kinds = [span["kind"] for span in recorded_rows("haystack", f"{version}-pipeline")]
    assert kinds == ["retriever", "prompt", "llm", "chain"]


def test_a_pipeline_ends_with_its_answer() -> None:
    assert row("haystack-ai-3.4.0-pipeline", kind="chain")["output"] == "Two days."
    assert row("haystack-ai-2.31.0-pipeline", kind="chain")["output"] is None  # which sent none


@pytest.mark.parametrize("version", VERSIONS)
def test_an_agent_calls_a_tool_and_answers(version: str) -> None:
    calls = [span for span in recorded_rows("haystack", f"{version}-agent") if span["kind"] == "llm"]
    assert [said(call["output_messages"]) for call in calls] == [[CALLING], [("assistant", ["On its way."])]]
    assert said(calls[1]["input_messages"])[2:] == [CALLING, ("tool", ['call_1 -> "order 42 is shipped"'])]
    assert columns(calls[1], "input", "input_tokens", "cache_read_tokens") == ("Where is my order?", 120, 100)
    assert [tool["name"] for tool in calls[0]["tools"]] == ["find_order"]
    tool = row(f"{version}-agent", kind="tool")
    assert columns(tool, "tool_name", "input", "output") == ("find_order", '{"id":42}', "order 42 is shipped")
    agent = row(f"{version}-agent", kind="agent")
    assert columns(agent, "input", "output", "input_tokens") == ("Where is my order?", "On its way.", None)


@pytest.mark.parametrize("version", VERSIONS)
def test_an_embedder_counts_tokens_and_shows_the_text_not_the_vector(version: str) -> None:
    call = row(f"{version}-embedder", kind="embedding")
    assert columns(call, "provider", "input", "output") == ("openai", "red shoes", None)
    assert columns(call, "input_tokens", "output_tokens", "total_tokens") == (2, None, 2)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_component_that_fails_is_an_error_with_what_it_was_asked(version: str) -> None:
    call = row(f"{version}-error", kind="llm")
    assert columns(call, "status", "input", "output") == ("error", "How long do parcels take?", None)
    assert "no such model" in call["status_message"]


@pytest.mark.parametrize(
    ("component", "kind", "provider"),
    [
        ("AnthropicChatGenerator", "llm", "anthropic"),
        ("AzureOpenAIGenerator", "llm", "azure.ai.openai"),
        ("CohereDocumentEmbedder", "embedding", "cohere"),
        ("TransformersSimilarityRanker", "reranker", None),
        ("SerperDevWebSearch", "retriever", None),
        ("DocumentSplitter", "chain", None),
    ],
)
def test_a_components_class_says_what_it_does(component: str, kind: str, provider: str | None) -> None:
    attributes = {"haystack.component.type": component}
    assert (haystack.kind(attributes), haystack.provider(attributes)) == (kind, provider)


def test_a_generator_of_plain_text_is_asked_with_a_prompt() -> None:
    call = {"haystack.component.type": "OpenAIGenerator", "haystack.component.input": '{"prompt": "Once upon"}'}
    assert said(haystack.input_messages(call)) == [("user", ["Once upon"])]
    answered = {**call, "haystack.component.output": '{"replies": ["a time"], "meta": [{"model": "m"}]}'}
    assert said(haystack.output_messages(answered)) == [("assistant", ["a time"])]
    assert haystack.response_model(answered) == "m"
