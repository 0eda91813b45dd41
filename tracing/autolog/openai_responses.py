"""The Responses API: items in, items out; the system prompt and the conversation so far are named apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay import semconv
from assay.tracing.autolog.openai_messages import Message, Part, input_messages, parsed_object, tool_definitions
from assay.tracing.autolog.values import MAX_CONTENT_CHARS, get, items, known, parsed
from assay.tracing.serialise import plain, to_json

PARAMETERS = {
    "temperature": semconv.GEN_AI_REQUEST_TEMPERATURE,
    "top_p": semconv.GEN_AI_REQUEST_TOP_P,
    "max_output_tokens": semconv.GEN_AI_REQUEST_MAX_TOKENS,
    "previous_response_id": semconv.GEN_AI_REQUEST_PREVIOUS_RESPONSE_ID,
    "service_tier": semconv.OPENAI_REQUEST_SERVICE_TIER,
}
FINISH_REASONS = {"max_output_tokens": "length"}  # the rest is called as in chat completions
TEXT_DELTAS = ("response.output_text.delta", "response.refusal.delta")


def request_attributes(body: Mapping[str, Any], *, content: bool) -> dict[str, Any]:
    found = {name: body[key] for key, name in PARAMETERS.items() if isinstance(body.get(key), int | float | str)}
    if (effort := get(body, "reasoning", "effort")) is not None:
        found[semconv.GEN_AI_REQUEST_REASONING_LEVEL] = effort
    conversation = body.get("conversation")
    if conversation_id := conversation if isinstance(conversation, str) else get(conversation, "id"):
        found[semconv.GEN_AI_CONVERSATION_ID] = conversation_id
    if (form := get(body, "text", "format", "type")) is not None:
        found[semconv.GEN_AI_OUTPUT_TYPE] = "text" if form == "text" else "json"
    if tools := tool_definitions(body.get("tools")):
        found[semconv.GEN_AI_TOOL_DEFINITIONS] = to_json(tools)
    if not content:
        return found
    if isinstance(instructions := body.get("instructions"), str):
        found[semconv.GEN_AI_SYSTEM_INSTRUCTIONS] = to_json([{"type": "text", "content": instructions}])
    given = body.get("input")
    messages = [_user(given)] if isinstance(given, str) else [_input(item) for item in items(given)]
    found[semconv.GEN_AI_INPUT_MESSAGES] = to_json(messages, max_chars=MAX_CONTENT_CHARS)
    return found


def response_attributes(response: Any, *, content: bool) -> dict[str, Any]:
    usage, output = get(response, "usage"), items(get(response, "output"))
    found = known(
        [
            (semconv.GEN_AI_RESPONSE_ID, get(response, "id")),
            (semconv.GEN_AI_RESPONSE_MODEL, get(response, "model")),
            (semconv.OPENAI_RESPONSE_SERVICE_TIER, get(response, "service_tier")),
            (semconv.GEN_AI_USAGE_INPUT_TOKENS, get(usage, "input_tokens")),
            (semconv.GEN_AI_USAGE_OUTPUT_TOKENS, get(usage, "output_tokens")),
            (semconv.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS, get(usage, "input_tokens_details", "cached_tokens")),
            (semconv.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS, get(usage, "input_tokens_details", "cache_write_tokens")),
            (semconv.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS, get(usage, "output_tokens_details", "reasoning_tokens")),
        ]
    )
    reason = _finish_reason(response, output)
    if reason is not None:
        found[semconv.GEN_AI_RESPONSE_FINISH_REASONS] = [reason]
    if content and output:
        answer = {"role": "assistant", "parts": [part for item in output for part in _output_parts(item)]}
        answers = [{**answer, **({"finish_reason": reason} if reason else {})}]
        found[semconv.GEN_AI_OUTPUT_MESSAGES] = to_json(answers, max_chars=MAX_CONTENT_CHARS)
    return found


def error_of(response: Any) -> str | None:
    """Why an answer that arrived whole is a failure all the same, None when it is not."""
    error = get(response, "error")
    return None if error is None else f"{get(error, 'code')}: {get(error, 'message')}"


class ResponsesStream:
    """Puts the events of a streamed answer together: the last one of a stream carries the whole of it."""

    def __init__(self, *, content: bool) -> None:
        self._content = content
        self._response: Any = None
        self._texts: list[str] = []
        self.error: str | None = None

    def add(self, event: Any) -> None:
        kind = str(get(event, "type"))
        if (response := get(event, "response")) is not None:
            self._response = response
            self.error = error_of(response)
        elif kind in TEXT_DELTAS:
            self._texts.append(str(get(event, "delta") or ""))
        elif kind == "error":  # an event like any other: the SDK raises nothing
            self.error = f"{get(event, 'code')}: {get(event, 'message')}"

    def attributes(self) -> dict[str, Any]:
        found = response_attributes(self._response, content=self._content)
        if self._content and self._texts and semconv.GEN_AI_OUTPUT_MESSAGES not in found:  # closed early
            part = {"type": "text", "content": "".join(self._texts)}
            found[semconv.GEN_AI_OUTPUT_MESSAGES] = to_json([{"role": "assistant", "parts": [part]}])
        return found


def _finish_reason(response: Any, output: list[Any]) -> str | None:
    status = get(response, "status")
    if status == "incomplete":
        reason = str(get(response, "incomplete_details", "reason"))
        return FINISH_REASONS.get(reason, reason)
    if status != "completed":
        return None if status in (None, "in_progress", "queued") else str(status)
    return "tool_calls" if any(get(item, "type") == "function_call" for item in output) else "stop"


def _user(text: str) -> Message:
    return {"role": "user", "parts": [{"type": "text", "content": text}]}


def _input(item: Any) -> Message:
    kind = get(item, "type")
    if kind in ("function_call_output", "custom_tool_call_output"):
        output = get(item, "output")
        response = parsed_object(output) if isinstance(output, str) else plain(output)
        return {
            "role": "tool",
            "parts": [{"type": "tool_call_response", "id": get(item, "call_id"), "response": response}],
        }
    if get(item, "role") is not None:
        return input_messages([item])[0]
    return {"role": "assistant", "parts": _output_parts(item)}


def _output_parts(item: Any) -> list[Part]:
    kind = get(item, "type")
    if kind == "message":
        return list(input_messages([item])[0]["parts"])
    if kind in ("function_call", "custom_tool_call"):
        arguments = parsed(get(item, "arguments")) if kind == "function_call" else get(item, "input")
        call = [("id", get(item, "call_id")), ("name", get(item, "name")), ("arguments", arguments)]
        return [known([("type", "tool_call"), *call])]
    if kind == "reasoning":
        texts = [get(part, "text") for part in [*items(get(item, "summary")), *items(get(item, "content"))]]
        return [{"type": "reasoning", "content": str(text)} for text in texts if text]
    shown = plain(item)
    return [shown if isinstance(shown, dict) else {"type": str(kind), "content": shown}]
