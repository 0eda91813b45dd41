"""A provider's usage object of any shape -> counts that include their parts. Pure.

Providers disagree on what "input tokens" means. OpenAI and Gemini count cached tokens in, Anthropic and Bedrock count
them beside; Gemini counts thoughts beside the answer. Where an object also holds a total, the total decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from assay.collector.values import as_count

Given = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Input includes cached tokens, output those spent on reasoning; None is unknown."""

    input: int | None = None
    output: int | None = None
    total: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None


NOTHING = TokenUsage()

TOTAL = ("total_tokens", "totalTokens", "total_token_count", "totalTokenCount", "total")

# OpenAI's chat and Responses APIs and LangChain keep parts of a count in an object of details
DETAILS_OF_INPUT = ("prompt_tokens_details", "input_tokens_details", "input_token_details")
DETAILS_OF_OUTPUT = ("completion_tokens_details", "output_tokens_details", "output_token_details")
READ_IN_DETAILS = ("cached_tokens", "cache_read", "cache_read_tokens")
WRITTEN_IN_DETAILS = ("cache_write_tokens", "cache_creation_tokens", "cache_creation", "cache_write")
THOUGHT_IN_DETAILS = ("reasoning_tokens", "reasoning")

READ_BESIDE = ("cache_read_input_tokens", "cacheReadInputTokens", "cacheReadInputTokenCount", "cache_read_tokens")
WRITTEN_BESIDE = (
    "cache_creation_input_tokens",
    "cache_write_input_tokens",
    "cacheWriteInputTokens",
    "cacheWriteInputTokenCount",
    "cache_write_tokens",
)


def read_usage(usage: Any) -> TokenUsage:
    """Counts of a usage object; all None where it is none that anybody sends."""
    if not isinstance(usage, Mapping) or not usage:
        return NOTHING
    for known, read in SHAPES:
        if not known.isdisjoint(usage):
            return read(usage)
    return NOTHING


def _openai_chat(usage: Given) -> TokenUsage:
    read, written, thought = _details(usage)
    read = _first(usage, READ_BESIDE) if read is None else read  # LiteLLM: named as Anthropic does, but counted in
    written = _first(usage, WRITTEN_BESIDE) if written is None else written
    given, answered = as_count(usage.get("prompt_tokens")), as_count(usage.get("completion_tokens"))
    return TokenUsage(given, answered, _first(usage, TOTAL), read, written, thought)


def _input_and_output_tokens(usage: Given) -> TokenUsage:
    """OpenAI's Responses API, LangChain, MLflow (cached tokens counted in); Anthropic (counted beside)."""
    read, written, thought = _details(usage)
    given, answered, total = as_count(usage.get("input_tokens")), as_count(usage.get("output_tokens")), None
    total = _first(usage, TOTAL)
    if read is not None or written is not None or not usage.keys().isdisjoint(DETAILS_OF_INPUT):
        return TokenUsage(given, answered, total, read, written, thought)
    read, written = _first(usage, READ_BESIDE), _first(usage, WRITTEN_BESIDE)
    thought = _first(usage, ("reasoning_tokens", "reasoning_output_tokens")) if thought is None else thought
    given, total = _with_parts(given, answered, total, (read or 0) + (written or 0), 0)[::2]
    return TokenUsage(given, answered, total, read, written, thought)


def _bedrock(usage: Given) -> TokenUsage:
    read, written = _first(usage, READ_BESIDE), _first(usage, WRITTEN_BESIDE)
    given = _first(usage, ("inputTokens", "inputTokenCount"))
    answered = _first(usage, ("outputTokens", "outputTokenCount"))
    given, answered, total = _with_parts(given, answered, _first(usage, TOTAL), (read or 0) + (written or 0), 0)
    return TokenUsage(given, answered, total, read, written, None)


def _gemini(usage: Given) -> TokenUsage:
    given = _first(usage, ("prompt_token_count", "promptTokenCount"))
    answered = _first(usage, ("candidates_token_count", "candidatesTokenCount"))
    thought = _first(usage, ("thoughts_token_count", "thoughtsTokenCount"))
    read = _first(usage, ("cached_content_token_count", "cachedContentTokenCount"))
    given, answered, total = _with_parts(given, answered, _first(usage, TOTAL), 0, thought or 0)
    return TokenUsage(given, answered, total, read, None, thought)


def _buckets(usage: Given) -> TokenUsage:
    """Langfuse: `input` and every `input_*` are counts beside each other, and so are `output` and `output_*`."""
    given, answered = as_count(usage.get("input")), as_count(usage.get("output"))
    of_input, of_output = dict(_beside(usage, "input")), dict(_beside(usage, "output"))
    read = _sum(of_input, ("cached", "cache_read"))
    written = _sum(of_input, ("cache_creation", "cache_write"))
    thought = _sum(of_output, ("reasoning", "thought"))
    given, answered, total = _with_parts(
        given, answered, _first(usage, TOTAL), sum(of_input.values()), sum(of_output.values())
    )
    return TokenUsage(given, answered, total, read, written, thought)


def _beside(usage: Given, side: str) -> Iterator[tuple[str, int]]:
    for name, value in usage.items():
        count = as_count(value)
        if count is None or "priority" in name:  # counts of a service tier: no part of their own
            continue
        if name.startswith(side + "_") or (side == "input" and name in (*READ_BESIDE, *WRITTEN_BESIDE)):
            yield name, count


def _sum(counts: Mapping[str, int], words: tuple[str, ...]) -> int | None:
    found = [count for name, count in counts.items() if any(word in name for word in words)]
    return sum(found) if found else None


def _with_parts(
    given: int | None, answered: int | None, total: int | None, more_input: int, more_output: int
) -> tuple[int | None, int | None, int | None]:
    """Counts with what stands beside them, unless their total says that they hold it already."""
    whole = (given or 0) + (answered or 0)
    if total == whole and (more_input or more_output):
        return given, answered, total
    given = given + more_input if given is not None else more_input or None
    answered = answered + more_output if answered is not None else more_output or None
    return given, answered, total


def _details(usage: Given) -> tuple[int | None, int | None, int | None]:
    of_input, of_output = _object(usage, DETAILS_OF_INPUT), _object(usage, DETAILS_OF_OUTPUT)
    return (
        _first(of_input, READ_IN_DETAILS),
        _first(of_input, WRITTEN_IN_DETAILS),
        _first(of_output, THOUGHT_IN_DETAILS),
    )


def _object(usage: Given, names: tuple[str, ...]) -> Given:
    return next((usage[name] for name in names if isinstance(usage.get(name), Mapping)), {})


def _first(usage: Given, names: tuple[str, ...]) -> int | None:
    return next((count for name in names if (count := as_count(usage.get(name))) is not None), None)


SHAPES = (
    ({"prompt_tokens", "completion_tokens"}, _openai_chat),
    ({"input_tokens", "output_tokens"}, _input_and_output_tokens),
    ({"inputTokens", "outputTokens", "inputTokenCount", "outputTokenCount"}, _bedrock),
    ({"prompt_token_count", "promptTokenCount", "candidates_token_count", "candidatesTokenCount"}, _gemini),
    ({"input", "output", "total", *READ_BESIDE}, _buckets),
)
