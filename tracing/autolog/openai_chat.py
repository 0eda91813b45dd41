"""Chat completions: what a request and its answer, whole or streamed, put on a span."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay import semconv
from assay.tracing.autolog.openai_messages import input_messages, output_message, tool_definitions
from assay.tracing.autolog.values import MAX_CONTENT_CHARS, get, items, known
from assay.tracing.serialise import to_json

PARAMETERS = {
    "temperature": semconv.GEN_AI_REQUEST_TEMPERATURE,
    "top_p": semconv.GEN_AI_REQUEST_TOP_P,
    "max_tokens": semconv.GEN_AI_REQUEST_MAX_TOKENS,
    "max_completion_tokens": semconv.GEN_AI_REQUEST_MAX_TOKENS,
    "frequency_penalty": semconv.GEN_AI_REQUEST_FREQUENCY_PENALTY,
    "presence_penalty": semconv.GEN_AI_REQUEST_PRESENCE_PENALTY,
    "seed": semconv.GEN_AI_REQUEST_SEED,
    "reasoning_effort": semconv.GEN_AI_REQUEST_REASONING_LEVEL,
    "service_tier": semconv.OPENAI_REQUEST_SERVICE_TIER,
}


def request_attributes(body: Mapping[str, Any], *, content: bool) -> dict[str, Any]:
    found = {name: body[key] for key, name in PARAMETERS.items() if isinstance(body.get(key), int | float | str)}
    if (stop := body.get("stop")) is not None:
        found[semconv.GEN_AI_REQUEST_STOP_SEQUENCES] = [stop] if isinstance(stop, str) else [str(each) for each in stop]
    if isinstance(count := body.get("n"), int) and count != 1:
        found[semconv.GEN_AI_REQUEST_CHOICE_COUNT] = count
    if (form := get(body, "response_format", "type")) is not None:
        found[semconv.GEN_AI_OUTPUT_TYPE] = "text" if form == "text" else "json"
    if tools := tool_definitions(body.get("tools"), body.get("functions")):
        found[semconv.GEN_AI_TOOL_DEFINITIONS] = to_json(tools)
    if content:
        messages = input_messages(body.get("messages"))
        found[semconv.GEN_AI_INPUT_MESSAGES] = to_json(messages, max_chars=MAX_CONTENT_CHARS)
    return found


def response_attributes(response: Any, *, content: bool) -> dict[str, Any]:
    choices = items(get(response, "choices"))
    found = {**_facts(response), **usage_attributes(get(response, "usage"))}
    if reasons := [str(reason) for choice in choices if (reason := get(choice, "finish_reason"))]:
        found[semconv.GEN_AI_RESPONSE_FINISH_REASONS] = reasons
    if content and choices:
        answers = [output_message(get(choice, "message"), get(choice, "finish_reason")) for choice in choices]
        found[semconv.GEN_AI_OUTPUT_MESSAGES] = to_json(answers, max_chars=MAX_CONTENT_CHARS)
    return found


def usage_attributes(usage: Any) -> dict[str, Any]:
    """Tokens, as far as the server says. Input includes cached tokens, output those spent on reasoning."""
    read = {
        semconv.GEN_AI_USAGE_INPUT_TOKENS: get(usage, "prompt_tokens"),
        semconv.GEN_AI_USAGE_OUTPUT_TOKENS: get(usage, "completion_tokens"),
        semconv.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS: get(usage, "prompt_tokens_details", "cached_tokens"),
        semconv.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS: get(usage, "prompt_tokens_details", "cache_write_tokens"),
        semconv.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS: get(usage, "completion_tokens_details", "reasoning_tokens"),
    }
    return {name: count for name, count in read.items() if isinstance(count, int)}


def _facts(response: Any) -> dict[str, Any]:
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
        self._content = content
        self._facts: dict[str, Any] = {}
        self._usage: Any = None
        self._choices: dict[int, _Choice] = {}

    def add(self, chunk: Any) -> None:
        self._facts.update(_facts(chunk))
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
            found[semconv.GEN_AI_OUTPUT_MESSAGES] = to_json(answers, max_chars=MAX_CONTENT_CHARS)
        return found

    @property
    def error(self) -> str | None:
        return None  # chat completions fail with an exception, never within a chunk


class _Choice:
    """One choice of a streamed answer, as far as it came."""

    TEXTS = ("content", "refusal", "reasoning_content", "reasoning")

    def __init__(self) -> None:
        self.finish_reason: str | None = None
        self._role = "assistant"
        self._texts: dict[str, list[str]] = {}
        self._calls: dict[int, dict[str, Any]] = {}
        self._legacy: dict[str, Any] = {}

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

    def message(self) -> dict[str, Any]:
        """The message that the fragments make, in the API's form."""
        calls = [
            {"id": call.get("id"), "function": {"name": call.get("name"), "arguments": "".join(call["arguments"])}}
            for _, call in sorted(self._calls.items())
            if "arguments" in call
        ]
        legacy = self._legacy and {"name": self._legacy.get("name"), "arguments": "".join(self._legacy["arguments"])}
        texts = {name: "".join(pieces) for name, pieces in self._texts.items()}
        return {"role": self._role, **texts, "tool_calls": calls, "function_call": legacy or None}


def _extend(call: dict[str, Any], function: Any) -> None:
    if function is None:
        return
    call["name"] = get(function, "name") or call.get("name")
    call.setdefault("arguments", []).append(get(function, "arguments") or "")
