"""Parameters of a request: under the convention's names where it has one, else below `assay.request.`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay import semconv
from assay.tracing.autolog.values import get
from assay.tracing.serialise import to_json

NAMED = {
    "temperature": semconv.GEN_AI_REQUEST_TEMPERATURE,
    "top_p": semconv.GEN_AI_REQUEST_TOP_P,
    "max_tokens": semconv.GEN_AI_REQUEST_MAX_TOKENS,
    "max_completion_tokens": semconv.GEN_AI_REQUEST_MAX_TOKENS,
    "max_output_tokens": semconv.GEN_AI_REQUEST_MAX_TOKENS,
    "frequency_penalty": semconv.GEN_AI_REQUEST_FREQUENCY_PENALTY,
    "presence_penalty": semconv.GEN_AI_REQUEST_PRESENCE_PENALTY,
    "seed": semconv.GEN_AI_REQUEST_SEED,
    "reasoning_effort": semconv.GEN_AI_REQUEST_REASONING_LEVEL,
    "previous_response_id": semconv.GEN_AI_REQUEST_PREVIOUS_RESPONSE_ID,
    "service_tier": semconv.OPENAI_REQUEST_SERVICE_TIER,
}
# Recorded as `assay.request.<name>`. Not: what is content (messages, prediction), and keys and people (user, …).
OTHERS = (
    "background",
    "function_call",
    "include",
    "logit_bias",
    "logprobs",
    "max_tool_calls",
    "modalities",
    "parallel_tool_calls",
    "prompt_cache_retention",
    "quality",
    "response_format",
    "size",
    "store",
    "suffix",
    "tool_choice",
    "top_logprobs",
    "truncation",
    "verbosity",
    "voice",
    "web_search_options",
)
MAX_PARAMETER_CHARS = 2_000


def parameters(body: Mapping[str, Any]) -> dict[str, Any]:
    """All that is given in this request and known here."""
    found = {name: body[key] for key, name in NAMED.items() if isinstance(body.get(key), int | float | str)}
    if (stop := body.get("stop")) is not None:
        found[semconv.GEN_AI_REQUEST_STOP_SEQUENCES] = [stop] if isinstance(stop, str) else [str(each) for each in stop]
    if isinstance(count := body.get("n"), int) and count != 1:
        found[semconv.GEN_AI_REQUEST_CHOICE_COUNT] = count
    if (effort := get(body, "reasoning", "effort")) is not None:
        found[semconv.GEN_AI_REQUEST_REASONING_LEVEL] = str(effort)
    for key in OTHERS:
        if (value := body.get(key)) is not None:
            found[semconv.ASSAY_REQUEST + key] = _shown(key, value)
    return found


def output_type(form: Any) -> dict[str, Any]:
    """Of `response_format` in chats, `text.format` in responses: `text` or `json`."""
    kind = get(form, "type")
    return {} if kind is None else {semconv.GEN_AI_OUTPUT_TYPE: "text" if kind == "text" else "json"}


def _shown(key: str, value: Any) -> Any:
    if isinstance(value, bool | int | float | str):
        return value
    if key == "response_format":  # a schema is long; its name tells which one it was
        name = get(value, "json_schema", "name")
        return f"{get(value, 'type')} {name}" if name else str(get(value, "type"))
    return to_json(value, max_chars=MAX_PARAMETER_CHARS)
