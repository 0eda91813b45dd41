"""Tokens of an OpenAI answer, under either of its two sets of names. Only what the server said: no count becomes 0."""

from __future__ import annotations

from typing import Any

from assay import semconv
from assay.tracing.autolog.values import get

IN, OUT = ("prompt_tokens_details", "input_tokens_details"), ("completion_tokens_details", "output_tokens_details")

# attribute -> where it may stand. Input includes cached tokens, output those spent on reasoning.
COUNTS: dict[str, tuple[tuple[str, ...], ...]] = {
    semconv.GEN_AI_USAGE_INPUT_TOKENS: (("prompt_tokens",), ("input_tokens",)),
    semconv.GEN_AI_USAGE_OUTPUT_TOKENS: (("completion_tokens",), ("output_tokens",)),
    semconv.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS: tuple((name, "cached_tokens") for name in IN),
    semconv.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS: tuple((name, "cache_write_tokens") for name in IN),
    semconv.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS: tuple((name, "reasoning_tokens") for name in OUT),
}
# The same of counts that nearly every answer has as 0, and that say nothing then.
COUNTS_UNLESS_ZERO: dict[str, tuple[tuple[str, ...], ...]] = {
    semconv.GEN_AI_USAGE_TEXT_INPUT_TOKENS: tuple((name, "text_tokens") for name in IN),
    semconv.GEN_AI_USAGE_IMAGE_INPUT_TOKENS: tuple((name, "image_tokens") for name in IN),
    semconv.GEN_AI_USAGE_AUDIO_INPUT_TOKENS: (
        *((name, "audio_tokens") for name in IN),
        ("input_token_details", "audio_tokens"),
    ),
    semconv.GEN_AI_USAGE_TEXT_OUTPUT_TOKENS: tuple((name, "text_tokens") for name in OUT),
    semconv.GEN_AI_USAGE_IMAGE_OUTPUT_TOKENS: tuple((name, "image_tokens") for name in OUT),
    semconv.GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS: tuple((name, "audio_tokens") for name in OUT),
    semconv.ASSAY_USAGE_ACCEPTED_PREDICTION_TOKENS: tuple((name, "accepted_prediction_tokens") for name in OUT),
    semconv.ASSAY_USAGE_REJECTED_PREDICTION_TOKENS: tuple((name, "rejected_prediction_tokens") for name in OUT),
}


def usage_attributes(usage: Any) -> dict[str, Any]:
    if usage is None:
        return {}
    found = {name: count for name, paths in COUNTS.items() if (count := _count(usage, paths)) is not None}
    return found | {name: count for name, paths in COUNTS_UNLESS_ZERO.items() if (count := _count(usage, paths))}


def _count(usage: Any, paths: tuple[tuple[str, ...], ...]) -> int | None:
    for path in paths:
        value = get(usage, *path)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return None
