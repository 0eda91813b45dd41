"""Chat messages of any shape become messages of the GenAI schema."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.collector.message_text import answer_text, last_user_text
from assay.collector.messages import to_messages

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
