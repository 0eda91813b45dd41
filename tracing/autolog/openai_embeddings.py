"""Embeddings: the texts and the tokens, never the vectors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay import semconv
from assay.tracing.autolog.values import MAX_CONTENT_CHARS, get, known
from assay.tracing.serialise import to_text


def request_attributes(body: Mapping[str, Any], *, content: bool) -> dict[str, Any]:
    form = body.get("encoding_format")
    found = known(
        [
            (semconv.GEN_AI_EMBEDDINGS_DIMENSION_COUNT, body.get("dimensions")),
            (semconv.GEN_AI_REQUEST_ENCODING_FORMATS, [form] if isinstance(form, str) else None),
        ]
    )
    if content:
        text, mime_type = to_text(body.get("input"), max_chars=MAX_CONTENT_CHARS)
        found |= {semconv.INPUT_VALUE: text, semconv.INPUT_MIME_TYPE: mime_type}
    return found


def response_attributes(response: Any, *, content: bool) -> dict[str, Any]:
    return known(
        [
            (semconv.GEN_AI_RESPONSE_MODEL, get(response, "model")),
            (semconv.GEN_AI_USAGE_INPUT_TOKENS, get(response, "usage", "prompt_tokens")),
        ]
    )
