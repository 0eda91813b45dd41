"""Answers as providers and gateways write them, sound and not, into completions and embeddings."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.evaluation.gateway.answers import Reply, Tokens, completion_parts, cost_said, error_in, tokens, vectors
from assay.evaluation.gateway.failures import CallFailed

CALL = {"id": "c1", "type": "function", "function": {"name": "search", "arguments": '{"q": 1}'}}


def answer(message: Any = None, **choice: Any) -> Reply:
    whole = {"index": 0, "message": message or {"content": "hi"}, "finish_reason": "stop", **choice}
    return Reply({"model": "m-2026", "system_fingerprint": "fp", "choices": [whole]})


def test_an_answer_has_its_parts() -> None:
    logprobs = {"content": [{"token": "hi", "logprob": -0.1, "top_logprobs": []}]}
    assert completion_parts(
        answer({"content": None, "tool_calls": [CALL]}, finish_reason="tool_calls", logprobs=logprobs)
    ) == {
        "text": None,
        "model": "m-2026",
        "finish_reason": "tool_calls",
        "system_fingerprint": "fp",
        "refusal": None,
        "tool_calls": (CALL,),
        "logprobs": tuple(logprobs["content"]),
    }


@pytest.mark.parametrize(
    ("message", "part", "value"),
    [
        ({"content": "hi"}, "text", "hi"),
        ({"content": ""}, "text", ""),
        ({"content": None, "refusal": "no"}, "refusal", "no"),
        (
            {
                "content": [
                    {"type": "thinking", "thinking": "hm"},
                    {"type": "text", "text": "a"},
                    {"type": "text", "text": "b"},
                ]
            },
            "text",
            "ab",
        ),
        ({"content": []}, "text", None),
        ({"content": 7}, "text", None),
        ({"content": "x", "tool_calls": None}, "tool_calls", ()),
        ({"content": "x", "tool_calls": ["?", CALL]}, "tool_calls", (CALL,)),
    ],
    ids=str,
)
def test_a_message_is_read_whatever_its_form(message: dict[str, Any], part: str, value: Any) -> None:
    assert completion_parts(answer(message))[part] == value


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<html>gateway</html>", "not a chat completion.*<html>"),
        (None, "not a chat completion"),
        ([], "not a chat completion"),
        ({}, "no choice"),
        ({"choices": []}, "no choice"),
        ({"choices": [None]}, "no choice"),
        ({"choices": "?"}, "no choice"),
        ({"error": "no such model"}, "no choice.*no such model"),
    ],
    ids=str,
)
def test_what_is_no_answer_is_a_failure_in_words(body: Any, said: str) -> None:
    with pytest.raises(CallFailed, match=said):
        completion_parts(Reply(body))


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"error": {"message": "slow down", "code": 429}}, ("slow down", 429)),
        ({"error": {"message": "no", "code": "model_not_found"}}, ("no", None)),
        ({"error": {"code": 7}}, ("{'code': 7}", None)),
        ({"error": "no"}, ("no", None)),
        ({"error": None, "choices": []}, None),
        ({"error": {"message": "a warning"}, "choices": [{}]}, None),
        ("error", None),
        (None, None),
    ],
    ids=str,
)
def test_an_error_under_the_status_200_is_one(body: Any, error: Any) -> None:
    assert error_in(body) == error


@pytest.mark.parametrize(
    ("usage", "counts"),
    [
        (None, Tokens()),
        ("many", Tokens()),
        ({}, Tokens()),
        ({"prompt_tokens": 0, "completion_tokens": 0}, Tokens(input=0, output=0)),
        ({"prompt_tokens": None, "completion_tokens": "3"}, Tokens()),
        ({"prompt_tokens": -1, "completion_tokens": True}, Tokens()),
        ({"prompt_tokens": 10**400}, Tokens()),
        ({"prompt_tokens": 10.0, "completion_tokens": float("nan")}, Tokens(input=10)),
        ({"input_tokens": 4, "output_tokens": 2}, Tokens(input=4, output=2)),
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 5,
                "prompt_tokens_details": {"cached_tokens": 3},
                "completion_tokens_details": {"reasoning_tokens": 4},
            },
            Tokens(input=9, output=5, cache_read=3, reasoning=4),
        ),
        ({"prompt_tokens": 9, "prompt_cache_hit_tokens": 3}, Tokens(input=9, cache_read=3)),
        (
            {
                "prompt_tokens": 9,
                "prompt_tokens_details": {"cached_tokens": 0},
                "cache_read_input_tokens": 3,
                "cache_creation_input_tokens": 2,
            },
            Tokens(input=9, cache_read=3, cache_write=2),
        ),
    ],
    ids=str,
)
def test_tokens_are_counted_as_said(usage: Any, counts: Tokens) -> None:
    assert tokens(Reply({"usage": usage})) == counts


@pytest.mark.parametrize(
    ("headers", "cost"),
    [
        ({}, None),
        ({"x-litellm-response-cost": "0.25"}, 0.25),
        ({"llm_provider-x-litellm-response-cost": "2e-06"}, 2e-06),
        ({"x-litellm-response-cost": "0.0"}, 0.0),
        ({"x-litellm-response-cost": "None"}, None),
        ({"x-litellm-response-cost": ""}, None),
        ({"x-litellm-response-cost": "nan"}, None),
        ({"x-litellm-response-cost": "-1"}, None),
    ],
    ids=str,
)
def test_a_cost_is_what_the_gateway_says(headers: dict[str, str], cost: float | None) -> None:
    assert cost_said(headers) == cost


def test_a_proxy_says_in_a_header_what_stands_behind_an_alias() -> None:
    aliased = Reply(answer().body, {"x-litellm-model-name": "openai/gpt-4o-mini"})
    assert completion_parts(aliased)["model"] == "openai/gpt-4o-mini"


def test_embeddings_come_in_the_order_of_the_texts() -> None:
    rows = [{"index": 1, "embedding": [3, 4]}, {"index": 0, "embedding": [1.0, 2.0]}]
    assert vectors(Reply({"data": rows}), 2) == [[1.0, 2.0], [3.0, 4.0]]


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        [{"index": 0, "embedding": [1.0]}],
        [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": []}],
        [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [1.0, 2.0]}],
        [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": ["1"]}],
        [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [float("nan")]}],
        [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": "AAAA"}],
        [{"index": 0, "embedding": [True]}, {"index": 1, "embedding": [1.0]}],
    ],
    ids=str,
)
def test_embeddings_that_are_not_all_there_are_a_failure(data: Any) -> None:
    with pytest.raises(CallFailed, match="embeddings"):
        vectors(Reply({"data": data}), 2)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "message", "content", "usage", "error", "tool_calls", "logprobs", "prompt_tokens"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=60)
@given(anything)
def test_no_answer_is_more_than_a_failed_call(body: Any) -> None:
    with contextlib.suppress(CallFailed):
        completion_parts(Reply(body))
    told = tokens(Reply(body))
    assert all(count is None or count >= 0 for count in (told.input, told.output))
