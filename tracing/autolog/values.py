"""Reading what a client library handed out: dictionaries or objects, with any field missing. Nothing here raises."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from assay.tracing.serialise import plain, to_json

MAX_CONTENT_CHARS = 1_000_000  # of the messages of one call: a long context is what one wants to see
MAX_CONTENT_DEPTH = 64  # of them: arguments of a tool may be nested, and lie five deep in a message already
MAX_BLOB_CHARS = 32_768  # of one picture or sound in base64


def get(value: Any, *names: str) -> Any:
    """`value.a.b` or `value["a"]["b"]`, whichever it is; None where a step is missing."""
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)
        if value is None:
            return None
    return value


def items(value: Any) -> list[Any]:
    """`value` if it is a list or tuple, else nothing: an iterator of the application's is not ours to consume."""
    return list(value) if isinstance(value, list | tuple) else []


def parsed(text: Any) -> Any:
    """JSON text as what it says; anything else, and text that is no JSON, as it is."""
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def known(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """The pairs that have a value."""
    return {name: value for name, value in pairs if value is not None}


def content_json(value: Any) -> str:
    """Messages or tools as JSON text."""
    return to_json(value, max_chars=MAX_CONTENT_CHARS, max_depth=MAX_CONTENT_DEPTH)


def plain_content(value: Any) -> Any:
    """A part of a message, arguments of a tool: made of plain values."""
    return plain(value, max_chars=MAX_CONTENT_CHARS, max_depth=MAX_CONTENT_DEPTH)


def blob(modality: str, mime_type: str | None, content: Any) -> dict[str, Any]:
    """A part that carries bytes in base64; past a size only how much it was."""
    text = content if isinstance(content, str) else ""
    if len(text) > MAX_BLOB_CHARS:
        text = f"<{len(text)} characters of base64>"
    return known([("type", "blob"), ("modality", modality), ("mime_type", mime_type), ("content", text)])
