"""Usage objects of every provider become counts that include their parts."""

from __future__ import annotations

from typing import Any

import pytest

from assay.collector.token_usage import NOTHING, TokenUsage, read_usage


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        pytest.param(
            {
                "prompt_tokens": 120,
                "completion_tokens": 30,
                "total_tokens": 150,
                "prompt_tokens_details": {"cached_tokens": 100, "audio_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": 20},
            },
            TokenUsage(120, 30, 150, 100, None, 20),
            id="OpenAI chat",
        ),
        pytest.param({"prompt_tokens": 3, "total_tokens": 3}, TokenUsage(3, None, 3), id="OpenAI embedding"),
        pytest.param(
            {
                "input_tokens": 50,
                "input_tokens_details": {"cached_tokens": 20, "cache_write_tokens": 5},
                "output_tokens": 12,
                "output_tokens_details": {"reasoning_tokens": 8},
                "total_tokens": 62,
            },
            TokenUsage(50, 12, 62, 20, 5, 8),
            id="OpenAI Responses",
        ),
        pytest.param(
            {"prompt_tokens": 120, "completion_tokens": 5, "cache_read_input_tokens": 90, "total_tokens": 125},
            TokenUsage(120, 5, 125, 90),
            id="LiteLLM, Anthropic's names in OpenAI's shape",
        ),
        pytest.param(
            {
                "input_tokens": 10,
                "output_tokens": 5,
                "cache_read_input_tokens": 90,
                "cache_creation_input_tokens": 20,
                "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 0},
            },
            TokenUsage(120, 5, None, 90, 20),
            id="Anthropic",
        ),
        pytest.param(
            {"input_tokens": 120, "output_tokens": 5, "total_tokens": 125, "cache_read_input_tokens": 90},
            TokenUsage(120, 5, 125, 90),
            id="MLflow: the total says that cached tokens are counted in",
        ),
        pytest.param(
            {
                "input_tokens": 120,
                "output_tokens": 30,
                "total_tokens": 150,
                "input_token_details": {"cache_read": 90, "cache_creation": 20},
                "output_token_details": {"reasoning": 20},
            },
            TokenUsage(120, 30, 150, 90, 20, 20),
            id="LangChain",
        ),
        pytest.param(
            {"inputTokens": 10, "outputTokens": 5, "totalTokens": 105, "cacheReadInputTokens": 90},
            TokenUsage(100, 5, 105, 90),
            id="Bedrock",
        ),
        pytest.param(
            {
                "prompt_token_count": 100,
                "candidates_token_count": 10,
                "thoughts_token_count": 40,
                "cached_content_token_count": 60,
                "total_token_count": 150,
            },
            TokenUsage(100, 50, 150, 60, None, 40),
            id="Gemini",
        ),
        pytest.param(
            {"input": 20, "output": 10, "total": 150, "input_cache_read": 100, "output_reasoning": 20},
            TokenUsage(120, 30, 150, 100, None, 20),
            id="Langfuse: buckets beside each other",
        ),
        pytest.param(
            {"input": 120, "output": 30, "total": 150, "input_cached_tokens": 100, "output_reasoning_tokens": 20},
            TokenUsage(120, 30, 150, 100, None, 20),
            id="Langfuse, written by hand: the total says that they are parts",
        ),
        pytest.param(
            {"input": 7, "input_priority": 7, "output": 1}, TokenUsage(7, 1), id="a tier's count is no part of its own"
        ),
        pytest.param({"input": 3}, TokenUsage(3), id="Langfuse embedding"),
    ],
)
def test_a_providers_usage(sent: dict[str, Any], read: TokenUsage) -> None:
    assert read_usage(sent) == read


@pytest.mark.parametrize("sent", [None, {}, [], "12", 12, {"requests": 3}, {"prompt_tokens": "many"}, {"input": -1}])
def test_what_nobody_sends_is_unknown(sent: Any) -> None:
    assert read_usage(sent) == NOTHING
