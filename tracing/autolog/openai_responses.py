"""The Responses API: items in, items out; the system prompt and the conversation so far are named apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay import semconv
from assay.tracing.autolog.openai_items import output_parts, read_input
from assay.tracing.autolog.openai_messages import Part, tool_definitions
from assay.tracing.autolog.openai_parameters import output_type, parameters
from assay.tracing.autolog.openai_usage import usage_attributes
from assay.tracing.autolog.values import content_json, get, items, known

FINISH_REASONS = {"max_output_tokens": "length"}  # the rest is called as in chat completions
CALLS = ("function_call", "custom_tool_call", "computer_call", "local_shell_call", "shell_call", "apply_patch_call")
# events that come before the model has said anything
EARLY_EVENTS = frozenset({"response.created", "response.queued", "response.in_progress"})


def request_attributes(body: Mapping[str, Any], *, content: bool) -> dict[str, Any]:
    found = parameters(body) | output_type(get(body, "text", "format"))
    conversation = body.get("conversation")
    if conversation_id := conversation if isinstance(conversation, str) else get(conversation, "id"):
        found[semconv.GEN_AI_CONVERSATION_ID] = str(conversation_id)
    for name in ("id", "version"):  # of a prompt that lies at OpenAI
        if (value := get(body, "prompt", name)) is not None:
            found[f"{semconv.ASSAY_REQUEST}prompt_{name}"] = str(value)
    if tools := tool_definitions(body.get("tools"), content=content):
        found[semconv.GEN_AI_TOOL_DEFINITIONS] = content_json(tools)
    if not content:
        return found
    if isinstance(instructions := body.get("instructions"), str):
        found[semconv.GEN_AI_SYSTEM_INSTRUCTIONS] = content_json([{"type": "text", "content": instructions}])
    found[semconv.GEN_AI_INPUT_MESSAGES] = content_json(read_input(body.get("input")))
    return found


def response_attributes(response: Any, *, content: bool) -> dict[str, Any]:
    output = items(get(response, "output"))
    found = known(
        [
            (semconv.GEN_AI_RESPONSE_ID, get(response, "id")),
            (semconv.GEN_AI_RESPONSE_MODEL, get(response, "model")),
            (semconv.OPENAI_RESPONSE_SERVICE_TIER, get(response, "service_tier")),
            (semconv.GEN_AI_CONVERSATION_ID, get(response, "conversation", "id")),
        ]
    ) | usage_attributes(get(response, "usage"))
    reason = _finish_reason(response, output)
    if reason is not None:
        found[semconv.GEN_AI_RESPONSE_FINISH_REASONS] = [reason]
    if content and output:
        answers = [answer(output_parts(output), reason)]
        found[semconv.GEN_AI_OUTPUT_MESSAGES] = content_json(answers)
    return found


def answer(parts: list[Part], finish_reason: str | None) -> dict[str, Any]:
    message = {"role": "assistant", "parts": parts}
    return {**message, "finish_reason": finish_reason} if finish_reason else message


def error_of(response: Any) -> str | None:
    """Why an answer that arrived whole is a failure all the same, None when it is not."""
    error = get(response, "error")
    return None if error is None else f"{get(error, 'code')}: {get(error, 'message')}"


class ResponsesStream:
    """Puts the events of a streamed answer together: the last one of a stream carries the whole of it.

    Until then there are the items that are done, and the fragments of those that are not.
    """

    def __init__(self, *, content: bool) -> None:
        self._content = content
        self._response: Any = None
        self._done: dict[int, list[Part]] = {}
        self._open: dict[int, _OpenItem] = {}
        self.error: str | None = None

    def add(self, event: Any) -> None:
        kind = str(get(event, "type"))
        if (response := get(event, "response")) is not None:
            self._response = response
            self.error = error_of(response) or self.error
        elif kind == "response.output_item.added":
            self._open[get(event, "output_index") or 0] = _OpenItem(get(event, "item"))
        elif kind == "response.output_item.done":
            # The application may change the item it is handed: it is read now, not at the end.
            self._done[get(event, "output_index") or 0] = output_parts([get(event, "item")]) if self._content else []
        elif kind == "error":  # an event like any other: the SDK raises nothing
            self.error = f"{get(event, 'code')}: {get(event, 'message')}"
        elif kind.endswith(".delta") and isinstance(delta := get(event, "delta"), str):
            self._open.setdefault(get(event, "output_index") or 0, _OpenItem(None)).add(kind, delta)

    def attributes(self) -> dict[str, Any]:
        found = response_attributes(self._response, content=self._content)
        if self._content and semconv.GEN_AI_OUTPUT_MESSAGES not in found:  # closed early
            started = {index: item.parts() for index, item in self._open.items()} | self._done
            if parts := [part for _, parts in sorted(started.items()) for part in parts]:
                found[semconv.GEN_AI_OUTPUT_MESSAGES] = content_json([answer(parts, None)])
        return found


class _OpenItem:
    """An item of a streamed answer that is not done: what came of it so far."""

    def __init__(self, item: Any) -> None:
        self._call = {"call_id": get(item, "call_id"), "name": get(item, "name")}
        self._pieces: dict[str, list[str]] = {}

    def add(self, kind: str, delta: str) -> None:
        self._pieces.setdefault(kind, []).append(delta)

    def parts(self) -> list[Part]:
        texts = {kind: "".join(pieces) for kind, pieces in self._pieces.items()}
        return [part for kind, text in texts.items() if text for part in self._part(kind, text)]

    def _part(self, kind: str, text: str) -> list[Part]:
        if kind == "response.output_text.delta":
            return [{"type": "text", "content": text}]
        if kind == "response.refusal.delta":
            return [{"type": "refusal", "content": text}]
        if kind in ("response.reasoning_summary_text.delta", "response.reasoning_text.delta"):
            return [{"type": "reasoning", "content": text}]
        if kind == "response.function_call_arguments.delta":
            return output_parts([{"type": "function_call", **self._call, "arguments": text}])
        if kind == "response.custom_tool_call_input.delta":
            return output_parts([{"type": "custom_tool_call", **self._call, "input": text}])
        return []


def _finish_reason(response: Any, output: list[Any]) -> str | None:
    status = get(response, "status")
    if status == "incomplete":
        reason = str(get(response, "incomplete_details", "reason"))
        return FINISH_REASONS.get(reason, reason)
    if status != "completed":
        return None if status in (None, "in_progress", "queued") else str(status)
    return "tool_calls" if any(get(item, "type") in CALLS for item in output) else "stop"
