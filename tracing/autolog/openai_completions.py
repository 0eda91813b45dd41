"""Text completions, the API before chats: a prompt in, texts out. Base models and some servers still use it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay import semconv
from assay.tracing.autolog.openai_chat import facts
from assay.tracing.autolog.openai_parameters import parameters
from assay.tracing.autolog.openai_usage import usage_attributes
from assay.tracing.autolog.values import content_json, get, items


def request_attributes(body: Mapping[str, Any], *, content: bool) -> dict[str, Any]:
    found = parameters(body)
    if content:
        messages = [_text("user", text) for text in _prompts(body.get("prompt"))]
        found[semconv.GEN_AI_INPUT_MESSAGES] = content_json(messages)
    return found


def response_attributes(response: Any, *, content: bool) -> dict[str, Any]:
    stream = CompletionStream(content=content)
    stream.add(response)
    return stream.attributes()


class CompletionStream:
    """Puts the chunks of a streamed completion together; a whole one is a stream of one chunk."""

    error: str | None = None  # completions fail with an exception, never within a chunk

    def __init__(self, *, content: bool) -> None:
        self._content = content
        self._facts: dict[str, Any] = {}
        self._usage: Any = None
        self._texts: dict[int, list[str]] = {}
        self._reasons: dict[int, str] = {}

    def add(self, chunk: Any) -> None:
        self._facts.update(facts(chunk))
        if (usage := get(chunk, "usage")) is not None:
            self._usage = usage
        for choice in items(get(chunk, "choices")):
            index = get(choice, "index") or 0
            self._texts.setdefault(index, []).append(str(get(choice, "text") or ""))
            if (reason := get(choice, "finish_reason")) is not None:
                self._reasons[index] = str(reason)

    def attributes(self) -> dict[str, Any]:
        found = {**self._facts, **usage_attributes(self._usage)}
        if self._reasons:
            found[semconv.GEN_AI_RESPONSE_FINISH_REASONS] = [reason for _, reason in sorted(self._reasons.items())]
        if self._content and self._texts:
            answers = [
                _text("assistant", "".join(pieces), self._reasons.get(index))
                for index, pieces in sorted(self._texts.items())
            ]
            found[semconv.GEN_AI_OUTPUT_MESSAGES] = content_json(answers)
        return found


def _prompts(prompt: Any) -> list[str]:
    """One text or several; tokens are told by their number."""
    if isinstance(prompt, str):
        return [prompt]
    given = items(prompt)
    if given and all(isinstance(each, int) for each in given):
        return [f"<{len(given)} tokens>"]
    return [each if isinstance(each, str) else f"<{len(items(each))} tokens>" for each in given]


def _text(role: str, text: str, finish_reason: str | None = None) -> dict[str, Any]:
    message = {"role": role, "parts": [{"type": "text", "content": text}]}
    return {**message, "finish_reason": finish_reason} if finish_reason else message
