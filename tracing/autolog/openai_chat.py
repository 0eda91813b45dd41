"""Chat completions: what a request and its answer, whole or streamed, put on a span."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay import semconv
from assay.tracing.autolog.openai_messages import input_messages, output_message, tool_definitions
from assay.tracing.autolog.openai_parameters import output_type, parameters
from assay.tracing.autolog.openai_usage import usage_attributes
from assay.tracing.autolog.values import content_json, get, items, known


def request_attributes(body: Mapping[str, Any], *, content: bool) -> dict[str, Any]:
    found = parameters(body) | output_type(body.get("response_format"))
    if tools := tool_definitions(body.get("tools"), body.get("functions"), content=content):
        found[semconv.GEN_AI_TOOL_DEFINITIONS] = content_json(tools)
    if content:
        messages = input_messages(body.get("messages"))
        found[semconv.GEN_AI_INPUT_MESSAGES] = content_json(messages)
    return found


def response_attributes(response: Any, *, content: bool) -> dict[str, Any]:
    choices = items(get(response, "choices"))
    found = {**facts(response), **usage_attributes(get(response, "usage"))}
    if reasons := [str(reason) for choice in choices if (reason := get(choice, "finish_reason"))]:
        found[semconv.GEN_AI_RESPONSE_FINISH_REASONS] = reasons
    if content and choices:
        answers = [output_message(get(choice, "message"), get(choice, "finish_reason")) for choice in choices]
        found[semconv.GEN_AI_OUTPUT_MESSAGES] = content_json(answers)
    return found


def facts(response: Any) -> dict[str, Any]:
    return known(
        [
            (semconv.GEN_AI_RESPONSE_ID, get(response, "id")),
            (semconv.GEN_AI_RESPONSE_MODEL, get(response, "model")),
            (semconv.OPENAI_RESPONSE_SERVICE_TIER, get(response, "service_tier")),
            (semconv.OPENAI_RESPONSE_SYSTEM_FINGERPRINT, get(response, "system_fingerprint")),
        ]
    )


class ChatStream:
    """Puts the chunks of a streamed answer together.

    Choices interleave by index, and so do tool calls within them: id and name come in the first fragment only. Usage
    comes in a last chunk without choices, in the last one with them, or in each; the last that came counts.
    """

    def __init__(self, *, content: bool) -> None:
        self.error: str | None = None
        self._content = content
        self._facts: dict[str, Any] = {}
        self._usage: Any = None
        self._choices: dict[int, _Choice] = {}

    def add(self, chunk: Any) -> None:
        if get(chunk, "type") == "error":  # only of a stream that the application reads itself: the SDK raises it
            self.error = f"{get(chunk, 'code')}: {get(chunk, 'message')}"
        self._facts.update(facts(chunk))
        if (usage := get(chunk, "usage")) is not None:
            self._usage = usage
        for choice in items(get(chunk, "choices")):
            self._choices.setdefault(get(choice, "index") or 0, _Choice()).add(choice)

    def attributes(self) -> dict[str, Any]:
        choices = [choice for _, choice in sorted(self._choices.items())]
        found = {**self._facts, **usage_attributes(self._usage)}
        if reasons := [choice.finish_reason for choice in choices if choice.finish_reason]:
            found[semconv.GEN_AI_RESPONSE_FINISH_REASONS] = reasons
        if self._content and choices:
            answers = [output_message(choice.message(), choice.finish_reason) for choice in choices]
            found[semconv.GEN_AI_OUTPUT_MESSAGES] = content_json(answers)
        return found


class _Choice:
    """One choice of a streamed answer, as far as it came."""

    TEXTS = ("content", "refusal", "reasoning_content", "reasoning")

    def __init__(self) -> None:
        self.finish_reason: str | None = None
        self._role = "assistant"
        self._texts: dict[str, list[str]] = {}
        self._calls: dict[int, dict[str, Any]] = {}
        self._legacy: dict[str, Any] = {}
        self._sound: dict[str, list[str]] = {}

    def add(self, choice: Any) -> None:
        self.finish_reason = get(choice, "finish_reason") or self.finish_reason
        delta = get(choice, "delta")
        self._role = get(delta, "role") or self._role
        for name in self.TEXTS:
            if isinstance(text := get(delta, name), str):
                self._texts.setdefault(name, []).append(text)
        for fragment in items(get(delta, "tool_calls")):
            call = self._calls.setdefault(get(fragment, "index") or 0, {})
            call["id"] = get(fragment, "id") or call.get("id")
            _extend(call, get(fragment, "function"))
        _extend(self._legacy, get(delta, "function_call"))
        for name in ("data", "transcript"):
            if isinstance(piece := get(delta, "audio", name), str):
                self._sound.setdefault(name, []).append(piece)

    def message(self) -> dict[str, Any]:
        """The message that the fragments make, in the API's form."""
        calls = [
            {"id": call.get("id"), "function": {"name": call.get("name"), "arguments": "".join(call["arguments"])}}
            for _, call in sorted(self._calls.items())
            if "arguments" in call
        ]
        legacy = self._legacy and {"name": self._legacy.get("name"), "arguments": "".join(self._legacy["arguments"])}
        texts = {name: "".join(pieces) for name, pieces in self._texts.items()}
        sound = {name: "".join(pieces) for name, pieces in self._sound.items()}
        return {
            "role": self._role,
            **texts,
            "tool_calls": calls,
            "function_call": legacy or None,
            "audio": sound or None,
        }


def _extend(call: dict[str, Any], function: Any) -> None:
    if function is None:
        return
    call["name"] = get(function, "name") or call.get("name")
    call.setdefault("arguments", []).append(get(function, "arguments") or "")
