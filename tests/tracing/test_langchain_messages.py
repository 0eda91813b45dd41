"""Messages, results and configs of LangChain as attributes: pure functions, so plain objects stand in for its own."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from assay import prompt_texts
from assay.tracing.autolog.langchain_messages import to_message
from assay.tracing.autolog.langchain_model import request_attributes, response_attributes, usage_attributes
from assay.tracing.autolog.langchain_names import chain_kind, is_hidden, shows_an_agent, told_with


def human(*blocks: Any) -> SimpleNamespace:
    return SimpleNamespace(type="human", content=list(blocks))


def assistant(content: Any = "", **fields: Any) -> SimpleNamespace:
    return SimpleNamespace(type="ai", content=content, **fields)


PNG = {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "cGlj"}
LINK = {"type": "uri", "modality": "image", "uri": "https://example.com/a.png"}


@pytest.mark.parametrize(
    ("block", "part"),
    [
        pytest.param("plain", {"type": "text", "content": "plain"}, id="text without a block"),
        pytest.param({"type": "image", "base64": "cGlj", "mime_type": "image/png"}, PNG, id="image"),
        pytest.param(
            {"type": "image", "source_type": "base64", "data": "cGlj", "mime_type": "image/png"},
            PNG,
            id="image, as it was before LangChain 1",
        ),
        pytest.param(
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "cGlj"}},
            PNG,
            id="image, Anthropic's",
        ),
        pytest.param(
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,cGlj"}},
            PNG,
            id="image, OpenAI's, as data",
        ),
        pytest.param({"type": "image_url", "image_url": "https://example.com/a.png"}, LINK, id="image by address"),
        pytest.param(
            {"type": "image", "file_id": "f1"}, {"type": "file", "modality": "image", "file_id": "f1"}, id="image by id"
        ),
        pytest.param(
            {"type": "input_audio", "input_audio": {"data": "c291bmQ=", "format": "wav"}},
            {"type": "blob", "modality": "audio", "mime_type": "audio/wav", "content": "c291bmQ="},
            id="sound, OpenAI's",
        ),
        pytest.param(
            {"type": "video", "url": "https://example.com/v.mp4", "mime_type": "video/mp4"},
            {"type": "uri", "modality": "video", "mime_type": "video/mp4", "uri": "https://example.com/v.mp4"},
            id="video",
        ),
        pytest.param(
            {"type": "file", "file": {"file_data": "cGRm", "filename": "a.pdf"}},
            {"type": "blob", "modality": "document", "content": "cGRm", "filename": "a.pdf"},
            id="file, OpenAI's",
        ),
        pytest.param(
            {"type": "media", "mime_type": "audio/mp3", "data": "c291bmQ="},
            {"type": "blob", "modality": "audio", "mime_type": "audio/mp3", "content": "c291bmQ="},
            id="media, Google's",
        ),
        pytest.param(
            {"type": "tool_result", "tool_use_id": "c1", "content": "found"},
            {"type": "tool_call_response", "id": "c1", "response": "found"},
            id="tool result, Anthropic's",
        ),
        pytest.param({"type": "reasoning", "reasoning": "so"}, {"type": "reasoning", "content": "so"}, id="reasoning"),
        pytest.param({"type": "thinking", "thinking": "so"}, {"type": "reasoning", "content": "so"}, id="thinking"),
        pytest.param(
            {"type": "server_tool_call", "id": "s1", "name": "web_search", "args": {"q": "x"}},
            {
                "type": "server_tool_call",
                "id": "s1",
                "name": "web_search",
                "server_tool_call": {"type": "web_search", "arguments": {"q": "x"}},
            },
            id="tool of the server's",
        ),
        pytest.param({"type": "hologram", "rays": 3}, {"type": "hologram", "rays": 3}, id="unknown"),
    ],
)
def test_a_content_block_is_a_part(block: Any, part: dict[str, Any]) -> None:
    assert to_message(human(block)) == {"role": "user", "parts": [part]}


def test_a_call_that_is_in_the_content_as_well_is_there_once() -> None:
    call = {"id": "c1", "name": "f", "args": {"a": 1}}
    content = [
        {"type": "text", "text": "Let me see."},
        {"type": "tool_use", "id": "c1", "name": "f", "input": {"a": 1}},
    ]
    assert to_message(assistant(content, tool_calls=[call]))["parts"] == [
        {"type": "text", "content": "Let me see."},
        {"type": "tool_call", "id": "c1", "name": "f", "arguments": {"a": 1}},
    ]


def test_arguments_that_the_model_wrote_wrongly_stay_text() -> None:
    invalid = {"id": "c1", "name": "f", "args": '{"a": ', "error": "cut off"}
    (part,) = to_message(assistant(invalid_tool_calls=[invalid]))["parts"]
    assert part["arguments"] == '{"a": '


def test_pieces_of_a_streamed_text_are_one_text() -> None:
    pieces = [{"type": "text", "text": "one", "index": 0}, {"type": "text", "text": " two", "index": 0}]
    assert to_message(assistant(pieces))["parts"] == [{"type": "text", "content": "one two"}]


def test_reasoning_beside_the_content_stands_in_front() -> None:
    message = assistant("42", additional_kwargs={"reasoning_content": "six times seven"})
    assert [part["type"] for part in to_message(message)["parts"]] == ["reasoning", "text"]


def test_a_tool_that_failed_says_so() -> None:
    message = SimpleNamespace(type="tool", content="no such thing", tool_call_id="c1", status="error")
    assert to_message(message)["parts"] == [
        {"type": "tool_call_response", "id": "c1", "response": "no such thing", "is_error": True}
    ]


@pytest.mark.parametrize(
    ("usage", "counts"),
    [
        pytest.param({"input_tokens": 3, "output_tokens": 0}, {"input": 3, "output": 0}, id="zero is a count"),
        pytest.param(
            {
                "input_tokens": 30,
                "output_tokens": 9,
                "input_token_details": {"flex_cache_read": 10, "flex": 20, "audio": 0},
                "output_token_details": {"flex_reasoning": 4},
            },
            {"input": 30, "output": 9, "cache_read.input": 10, "reasoning.output": 4},
            id="with a service tier",
        ),
        pytest.param(
            {
                "input_tokens": 30,
                "output_tokens": 9,
                "input_token_details": {
                    "cache_read": 1,
                    "cache_creation": 0,
                    "ephemeral_5m_input_tokens": 4,
                    "ephemeral_1h_input_tokens": 2,
                },
            },
            {"input": 30, "output": 9, "cache_read.input": 1, "cache_write.input": 6},
            id="Anthropic's cache",
        ),
        pytest.param(
            {
                "input_tokens": 9,
                "output_tokens": 8,
                "input_token_details": {"audio": 5},
                "output_token_details": {"audio": 6},
            },
            {"input": 9, "output": 8, "audio.input": 5, "audio.output": 6},
            id="sound",
        ),
        pytest.param(None, {}, id="nothing is told"),
    ],
)
def test_tokens_are_told_apart(usage: Any, counts: dict[str, int]) -> None:
    assert usage_attributes(usage) == {f"gen_ai.usage.{name}_tokens": count for name, count in counts.items()}


def test_a_result_of_a_provider_with_other_words() -> None:
    message = assistant("hi", response_metadata={"stop_reason": "end_turn", "model": "claude-x", "id": "msg_1"})
    found = response_attributes(SimpleNamespace(generations=[[SimpleNamespace(message=message)]]), content=False)
    assert found == {
        "gen_ai.response.finish_reasons": ["end_turn"],
        "gen_ai.response.model": "claude-x",
        "gen_ai.response.id": "msg_1",
    }


def test_the_provider_goes_by_the_conventions_name_and_unnamed_parameters_are_langsmiths() -> None:
    metadata = {"ls_provider": "amazon_bedrock", "ls_model_name": "m", "ls_temperature": 0.5, "ls_stop": ["END"]}
    assert request_attributes({"top_k": 40}, metadata, content=True) == {
        "gen_ai.provider.name": "aws.bedrock",
        "gen_ai.request.model": "m",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.stop_sequences": ["END"],
        "gen_ai.request.top_k": 40,
    }


def test_what_the_libraries_say_for_themselves_is_no_tag_and_no_metadata() -> None:
    tags = ["seq:step:1", "beta", "graph:step:3", "langsmith:hidden"]
    metadata = {"plan": "pro", "ls_provider": "openai", "langgraph_step": 1, "thread_id": "t1", "user_id": 7}
    assert told_with(tags, metadata) == {
        "tags": ["beta"],
        "metadata": {"plan": "pro"},
        "session_id": "t1",
        "user_id": "7",
    }


@pytest.mark.parametrize(
    ("name", "metadata", "above", "kind"),
    [
        pytest.param("LangGraph", {"ls_integration": "langgraph"}, None, "graph", id="graph"),
        pytest.param("my_agent", {"ls_integration": "langgraph"}, None, "agent", id="graph that is called an agent"),
        pytest.param("LangGraph", {"ls_integration": "langchain_create_agent"}, None, "agent", id="agent"),
        pytest.param("step", {"ls_integration": "langgraph"}, "langgraph", "chain", id="below a graph"),
        pytest.param(
            "sub",
            {"ls_integration": "langchain_create_agent", "lc_agent_name": "sub"},
            "langchain_create_agent",
            "agent",
            id="agent below an agent",
        ),
        pytest.param("x", {"ls_integration": ["odd"]}, None, "chain", id="what is no name"),
    ],
)
def test_graphs_and_agents_are_told_from_what_runs_in_them(
    name: str, metadata: dict[str, Any], above: str | None, kind: str
) -> None:
    assert chain_kind(name, metadata, None, above, None) == kind


def test_a_graph_that_says_nothing_is_an_agent_by_the_node_that_calls_its_model() -> None:
    assert shows_an_agent("agent", "langgraph")
    assert shows_an_agent("model", None)
    assert not shows_an_agent("model", "langgraph")
    assert not shows_an_agent("writer", None)


def test_plumbing_is_hidden() -> None:
    assert is_hidden("ChannelWrite<a,b>", None)
    assert is_hidden("anything", ["langsmith:hidden"])
    assert not is_hidden("anything", ["beta"])


@pytest.mark.parametrize(
    ("template", "text", "made"),
    [
        ("Be brief about {{topic}}, please.", "Be brief about cats, please.", True),
        ("Be brief about {topic}, please.", "Be brief about dogs, please.", True),
        ("Be brief about {{topic}}, please.", "please. Be brief about cats,", False),
        ("{{question}}", "anything", False),
    ],
)
def test_a_text_is_told_from_its_template(template: str, text: str, made: bool) -> None:
    assert prompt_texts.made_from(template, text) is made


def test_the_texts_of_prompts_that_are_kept_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompt_texts, "MAX_TEXTS", 2)
    monkeypatch.setattr(prompt_texts, "_newer", {})
    monkeypatch.setattr(prompt_texts, "_older", {})
    for number in range(100):
        prompt_texts.remember(f"text {number}", "qa", number)
        prompt_texts.remember("used again and again", "tone", 1)
    kept = [number for number in range(100) if prompt_texts.find(f"text {number}")]
    assert kept == [99]  # the last two texts that differ are known in any case
    assert prompt_texts.find("used again and again") == ("tone", 1)


def test_output_messages_are_json_whatever_is_in_them() -> None:
    message = assistant([{"type": "odd", "value": object()}], response_metadata={})
    found = response_attributes(SimpleNamespace(generations=[[SimpleNamespace(message=message)]]), content=True)
    assert json.loads(found["gen_ai.output.messages"])[0]["role"] == "assistant"
