"""Images, sound, moderation, decisions: what was asked and what it took; of pictures and sound only how large."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from assay import semconv
from assay.tracing.autolog.openai_messages import input_messages
from assay.tracing.autolog.openai_parameters import parameters
from assay.tracing.autolog.openai_usage import usage_attributes
from assay.tracing.autolog.values import content_json, get, items, known, plain_content
from assay.tracing.serialise import to_text


def request_attributes(body: Mapping[str, Any], *, content: bool) -> dict[str, Any]:
    """`prompt` of images and of sound, `input` of speech, moderations and decisions."""
    found = parameters(body)
    given = body.get("input") if body.get("input") is not None else body.get("prompt")
    if content and given is not None:
        found[semconv.GEN_AI_INPUT_MESSAGES] = content_json(_messages(given))
    return found


def image_attributes(response: Any, *, content: bool) -> dict[str, Any]:
    found = usage_attributes(get(response, "usage"))
    if content and (pictures := items(get(response, "data"))):
        found[semconv.GEN_AI_OUTPUT_MESSAGES] = content_json([_said([_picture(each) for each in pictures])])
    return found


def text_attributes(response: Any, *, content: bool) -> dict[str, Any]:
    """Of transcriptions and translations; a plain text where the application asked for one."""
    found = usage_attributes(get(response, "usage"))
    text = response if isinstance(response, str) else get(response, "text")
    if content and isinstance(text, str):
        answer = _said([{"type": "text", "content": text}])
        found[semconv.GEN_AI_OUTPUT_MESSAGES] = content_json([answer])
    return found


def speech_attributes(response: Any, *, content: bool) -> dict[str, Any]:
    return {}


def moderation_attributes(response: Any, *, content: bool) -> dict[str, Any]:
    """Categories that were found in each input: what a guardrail decides by."""
    results = [
        {
            "flagged": get(result, "flagged"),
            "categories": sorted(name for name, hit in _fields(get(result, "categories")).items() if hit is True),
        }
        for result in items(get(response, "results"))
    ]
    text, mime_type = to_text(results) if results else (None, None)
    return known(
        [
            (semconv.GEN_AI_RESPONSE_ID, get(response, "id")),
            (semconv.GEN_AI_RESPONSE_MODEL, get(response, "model")),
            (semconv.OUTPUT_VALUE, text),
            (semconv.OUTPUT_MIME_TYPE, mime_type),
        ]
    )


def decision_attributes(response: Any, *, content: bool) -> dict[str, Any]:
    found = known(
        [(semconv.GEN_AI_RESPONSE_ID, get(response, "id")), (semconv.GEN_AI_RESPONSE_MODEL, get(response, "model"))]
    ) | usage_attributes(get(response, "usage"))
    if content and (answers := items(get(response, "answers"))):
        answer = _said([{"type": "text", "content": content_json(answers)}])
        found[semconv.GEN_AI_OUTPUT_MESSAGES] = content_json([answer])
    return found


class LastEventStream:
    """Streams of pictures and transcripts: the event that tells the usage comes last, and carries the whole."""

    error: str | None = None

    def __init__(self, read: Callable[..., dict[str, Any]], *, content: bool) -> None:
        self._read = read
        self._content = content
        self._found: dict[str, Any] = {}

    def add(self, event: Any) -> None:
        if get(event, "usage") is not None:
            self._found = self._read(event, content=self._content)

    def attributes(self) -> dict[str, Any]:
        return self._found


def _messages(given: Any) -> list[dict[str, Any]]:
    texts = [given] if isinstance(given, str) else items(given)
    if any(get(each, "role") is not None for each in texts):
        return input_messages(texts)
    return input_messages([{"role": "user", "content": each if isinstance(each, str) else [each]} for each in texts])


def _said(parts: list[dict[str, Any]]) -> dict[str, Any]:
    return {"role": "assistant", "parts": parts}


def _picture(picture: Any) -> dict[str, Any]:
    if (url := get(picture, "url")) is not None:
        return {"type": "uri", "modality": "image", "uri": url}
    size = len(get(picture, "b64_json") or "")
    return {"type": "blob", "modality": "image", "content": f"<{size} characters of base64>"}


def _fields(value: Any) -> dict[str, Any]:
    shown = plain_content(value)
    return shown if isinstance(shown, dict) else {}
