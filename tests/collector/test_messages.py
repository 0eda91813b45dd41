"""Chat messages of any shape become messages of the GenAI schema."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.collector.message_text import answer_text, last_user_text
from assay.collector.messages import find_messages, to_messages
from support.recordings import said

TEXT = {"type": "text", "content": "hi"}


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        pytest.param("hi", [{"role": "user", "parts": [TEXT]}], id="plain-text"),
        pytest.param([{"role": "user", "parts": [TEXT]}], [{"role": "user", "parts": [TEXT]}], id="genai"),
        pytest.param([{"role": "user", "content": "hi"}], [{"role": "user", "parts": [TEXT]}], id="openai"),
        pytest.param(
            {"messages": [{"role": "human", "content": "hi"}]}, [{"role": "user", "parts": [TEXT]}], id="wrapped"
        ),
        pytest.param(
            [
                {
                    "role": "user",
                    "content": [{"type": "text", "text": "hi"}, {"type": "image_url", "image_url": {"url": "u"}}],
                }
            ],
            [{"role": "user", "parts": [TEXT, {"type": "uri", "modality": "image", "uri": "u"}]}],
            id="openai-parts",
        ),
        pytest.param(
            [
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": '{"a": 1}'}}],
                }
            ],
            [{"role": "assistant", "parts": [{"type": "tool_call", "id": "1", "name": "f", "arguments": {"a": 1}}]}],
            id="openai-tool-call",
        ),
        pytest.param(
            [{"role": "tool", "tool_call_id": "1", "content": "42"}],
            [{"role": "tool", "parts": [{"type": "tool_call_response", "id": "1", "response": "42"}]}],
            id="openai-tool-answer",
        ),
        pytest.param(
            [{"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "f", "input": {"a": 1}}]}],
            [{"role": "assistant", "parts": [{"type": "tool_call", "id": "1", "name": "f", "arguments": {"a": 1}}]}],
            id="anthropic-tool-call",
        ),
        pytest.param(
            [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "42"}]}],
            [{"role": "tool", "parts": [{"type": "tool_call_response", "id": "1", "response": "42"}]}],
            id="a-user-message-of-tool-results-is-the-tools",
        ),
        pytest.param([TEXT], [{"role": "user", "parts": [TEXT]}], id="parts-without-a-message"),
        pytest.param(
            '{"answer": 42}',
            [{"role": "user", "parts": [{"type": "text", "content": '{"answer": 42}'}]}],
            id="json-that-is-text",
        ),
        pytest.param(
            [
                {
                    "role": "assistant",
                    "content": "",
                    "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": '{"a": '}}],
                }
            ],
            [{"role": "assistant", "parts": [{"type": "tool_call", "id": "1", "name": "f", "arguments": '{"a": '}]}],
            id="arguments-cut-short-stay-text",
        ),
        pytest.param("", None, id="nothing"),
        pytest.param([], None, id="no-messages"),
    ],
)
def test_messages_of_every_provider_read_alike(given_: Any, expected: Any) -> None:
    assert to_messages(given_, role="user") == expected
    if not isinstance(given_, str):
        assert to_messages(json.dumps(given_), role="user") == expected


def jotted(messages: Any) -> Any:
    return said(messages) if messages else messages


LANGCHAIN_AI = {
    "lc": 1,
    "type": "constructor",
    "id": ["langchain", "schema", "messages", "AIMessage"],
    "kwargs": {
        "content": "",
        "type": "ai",
        "tool_calls": [{"name": "f", "args": {"a": 1}, "id": "1", "type": "tool_call"}],
        "additional_kwargs": {"tool_calls": [{"id": "1", "function": {"name": "f", "arguments": '{"a": 1}'}}]},
    },
}
CALL = ("assistant", ['1: f({"a": 1})'])
RESULT = ("tool", ['1 -> "42"'])
SHAPES = {
    "openai request": (
        {"model": "m", "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "hi"}]},
        [("system", ["s"]), ("user", ["hi"])],
    ),
    "openai answer": (
        {"choices": [{"message": {"role": "assistant", "content": "ho"}, "finish_reason": "stop"}]},
        [("assistant", ["ho"])],
    ),
    "openai completion": ({"choices": [{"text": "ho", "index": 0}]}, [("assistant", ["ho"])]),
    "openai legacy call": (
        [{"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": '{"a": 1}'}}],
        [("assistant", ['None: f({"a": 1})'])],
    ),
    "responses request": (
        {"model": "m", "instructions": "s", "input": "hi"},
        [("system", ["s"]), ("user", ["hi"])],
    ),
    "responses items": (
        [
            {"role": "user", "content": [{"type": "input_text", "text": "hi"}]},
            {"type": "function_call", "id": "fc_9", "call_id": "1", "name": "f", "arguments": '{"a": 1}'},
            {"type": "function_call_output", "call_id": "1", "output": "42"},
        ],
        [("user", ["hi"]), CALL, RESULT],
    ),
    "responses answer": (
        {
            "object": "response",
            "output": [
                {"type": "reasoning", "summary": []},
                {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "ho"}]},
                {"type": "function_call", "call_id": "1", "name": "f", "arguments": '{"a": 1}'},
            ],
        },
        [("assistant", ["ho", '1: f({"a": 1})'])],
    ),
    "anthropic request": (
        {
            "system": [{"type": "text", "text": "s"}],
            "messages": [
                {"role": "user", "content": "hi"},
                {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "f", "input": {"a": 1}}]},
                {
                    "role": "user",
                    "content": [
                        {"type": "tool_result", "tool_use_id": "1", "content": [{"type": "text", "text": "42"}]}
                    ],
                },
            ],
        },
        [("system", ["s"]), ("user", ["hi"]), CALL, RESULT],
    ),
    "bedrock converse": (
        {
            "system": [{"text": "s"}],
            "messages": [
                {"role": "user", "content": [{"text": "hi"}]},
                {
                    "role": "assistant",
                    "content": [{"toolUse": {"toolUseId": "1", "name": "f", "input": {"a": 1}}}],
                },
                {"role": "user", "content": [{"toolResult": {"toolUseId": "1", "content": [{"text": "42"}]}}]},
            ],
        },
        [("system", ["s"]), ("user", ["hi"]), CALL, RESULT],
    ),
    "bedrock answer": (
        {"output": {"message": {"role": "assistant", "content": [{"text": "ho"}]}}, "stopReason": "end_turn"},
        [("assistant", ["ho"])],
    ),
    "gemini request": (
        {
            "config": {"system_instruction": "s"},
            "contents": [
                {"role": "user", "parts": [{"text": "hi", "function_call": None}]},
                {"role": "model", "parts": [{"function_call": {"id": "1", "name": "f", "args": {"a": 1}}}]},
                {"role": "user", "parts": [{"functionResponse": {"id": "1", "name": "f", "response": "42"}}]},
            ],
        },
        [("system", ["s"]), ("user", ["hi"]), CALL, RESULT],
    ),
    "gemini answer": (
        {"candidates": [{"content": {"role": "model", "parts": [{"text": "ho"}]}, "finishReason": "STOP"}]},
        [("assistant", ["ho"])],
    ),
    "langchain batch": (
        {
            "messages": [
                [
                    {
                        "lc": 1,
                        "type": "constructor",
                        "id": ["langchain", "schema", "messages", "HumanMessage"],
                        "kwargs": {"content": "hi"},
                    },
                    LANGCHAIN_AI,
                    {"type": "tool", "data": {"content": "42", "tool_call_id": "1", "name": "f"}},
                ]
            ]
        },
        [("user", ["hi"]), CALL, RESULT],
    ),
    "langchain answer": (
        {
            "generations": [[{"text": "", "message": LANGCHAIN_AI, "generation_info": {"finish_reason": "stop"}}]],
            "llm_output": None,
        },
        [CALL],
    ),
    "langchain text generation": ({"generations": [[{"text": "ho"}]]}, [("assistant", ["ho"])]),
    "langchain prompts": ({"prompts": ["hi"]}, [("user", ["hi"])]),
    "langchain pairs": ({"messages": [["system", "s"], ["human", "hi"]]}, [("system", ["s"]), ("user", ["hi"])]),
    "langchain dump": (
        [{"type": "human", "content": "hi", "additional_kwargs": {}}, {"type": "AIMessageChunk", "content": "ho"}],
        [("user", ["hi"]), ("assistant", ["ho"])],
    ),
    "langgraph command": (
        [{"graph": None, "update": {"messages": [LANGCHAIN_AI]}, "resume": None}],
        [CALL],
    ),
    "ai sdk": (
        {
            "system": "s",
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "hi"}]},
                {
                    "role": "assistant",
                    "content": [{"type": "tool-call", "toolCallId": "1", "toolName": "f", "input": {"a": 1}}],
                },
                {
                    "role": "tool",
                    "content": [
                        {
                            "type": "tool-result",
                            "toolCallId": "1",
                            "toolName": "f",
                            "output": {"type": "text", "value": "42"},
                        }
                    ],
                },
            ],
        },
        [("system", ["s"]), ("user", ["hi"]), CALL, RESULT],
    ),
    "ai sdk prompt": ({"system": "s", "prompt": "hi"}, [("system", ["s"]), ("user", ["hi"])]),
    "haystack": (
        {
            "messages": [
                {"role": "user", "content": [{"text": "hi"}], "meta": {}, "name": None},
                {
                    "role": "assistant",
                    "content": [{"tool_call": {"id": "1", "tool_name": "f", "arguments": {"a": 1}}}],
                },
                {
                    "role": "tool",
                    "content": [
                        {"tool_call_result": {"result": "42", "origin": {"id": "1", "tool_name": "f"}, "error": False}}
                    ],
                },
            ]
        },
        [("user", ["hi"]), CALL, RESULT],
    ),
    "haystack replies": ({"replies": ["ho"]}, [("assistant", ["ho"])]),
    "llama_index": (
        {"message": {"role": "MessageRole.ASSISTANT", "blocks": [{"block_type": "text", "text": "ho"}]}},
        [("assistant", ["ho"])],
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_messages_are_found_where_a_request_or_an_answer_keeps_them(shape: str) -> None:
    value, expected = SHAPES[shape]
    role = "assistant" if "answer" in shape else "user"
    assert jotted(find_messages(value, role=role)) == expected
    assert jotted(find_messages(json.dumps(value), role=role)) == expected


@pytest.mark.parametrize(
    "value",
    [
        "hello",
        '{"answer": 42}',
        ["a", "b"],
        {"role": "admin"},
        {"role": "admin", "name": "Kim"},
        {"text": "hi", "type": "doc"},
        {"input": "hi", "chat_history": []},
        {"output": "ho"},
        {"messages": []},
        {"prompt": "hi", "steps": 4},
        {"choices": ["a", "b"]},
        [{"id": 1, "content": "a"}, {"id": 2, "content": "b"}],
        42,
        None,
    ],
    ids=str,
)
def test_a_programs_own_data_holds_no_messages(value: Any) -> None:
    assert find_messages(value, role="user") is None


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUI="}},
            {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "QUI="},
        ),
        (
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QUI="}},
            {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "QUI="},
        ),
        (
            {"type": "image", "source": {"type": "url", "url": "u"}},
            {"type": "uri", "modality": "image", "uri": "u"},
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "QUI=", "format": "wav"}},
            {"type": "blob", "modality": "audio", "mime_type": "audio/wav", "content": "QUI="},
        ),
        (
            {"inline_data": {"mime_type": "image/png", "data": "QUI="}},
            {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "QUI="},
        ),
        (
            {"fileData": {"fileUri": "gs://b/f.pdf", "mimeType": "application/pdf"}},
            {"type": "uri", "modality": "document", "mime_type": "application/pdf", "uri": "gs://b/f.pdf"},
        ),
        (
            {"type": "file", "file": {"file_id": "f1"}},
            {"type": "file", "modality": "document", "file_id": "f1"},
        ),
        ({"type": "thinking", "thinking": "hm"}, {"type": "reasoning", "content": "hm"}),
        ({"text": "hm", "thought": True}, {"type": "reasoning", "content": "hm"}),
        ({"reasoningContent": {"reasoningText": {"text": "hm"}}}, {"type": "reasoning", "content": "hm"}),
        (
            {"type": "tool_call_response", "id": "1", "result": {"a": 1}},
            {"type": "tool_call_response", "id": "1", "response": {"a": 1}},
        ),
        (
            {"type": "uri", "modality": "image", "uri": "u", "note": "kept"},
            {"type": "uri", "modality": "image", "uri": "u", "note": "kept"},
        ),
        ({"type": "of-tomorrow", "x": 1}, {"type": "of-tomorrow", "x": 1}),
    ],
)
def test_parts_of_every_provider_read_alike(part: Any, expected: Any) -> None:
    [message] = to_messages([{"role": "user", "content": [part]}], role="user") or []
    assert message["parts"] == [expected]


def test_wrappers_without_end_are_given_up() -> None:
    value: Any = [{"role": "user", "content": "hi"}]
    for _ in range(500):
        value = [value]
    assert find_messages(json.dumps(value), role="user") is None


def test_the_last_user_text_skips_what_tools_sent_and_what_the_model_said() -> None:
    messages = to_messages(
        [
            {"role": "user", "content": "first"},
            {"role": "user", "content": "last"},
            {"role": "assistant", "content": "answer"},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "42"}]},
        ],
        role="user",
    )
    assert last_user_text(messages) == "last"


def test_an_answer_that_only_calls_tools_reads_as_its_calls() -> None:
    call = {"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": '{"a": 1}'}}]}
    assert answer_text(to_messages([call], role="assistant")) == 'f({"a":1})'


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["role", "content", "parts", "type", "text", "tool_calls", "function", "arguments", "messages", "id"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(ANYTHING)
def test_nothing_breaks_the_reader_and_what_it_gives_reads_the_same_again(value: Any) -> None:
    once = to_messages(value, role="user")
    if once is not None:
        assert all({"role", "parts"} <= message.keys() for message in once)
        last_user_text(once)
        answer_text(once)
