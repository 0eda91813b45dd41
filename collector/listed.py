"""Spans and traces that are too large for a list: what lists have of them instead. Pure.

Whoever wants such a span whole asks for it alone, by `GET /api/v1/spans/{trace_id}/{span_id}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.collector.columns import INLINE_CHARS

MAX_BYTES = 5_000_000  # of one span, or of one trace's input and output
MAX_ITEMS = 100  # of a list or of an object
MAX_DEPTH = 8


def listed_span(span: dict[str, Any], n_bytes: int) -> dict[str, Any]:
    """The span itself, or the beginning of everything in it, with `is_cut`, when it takes more than MAX_BYTES."""
    if n_bytes <= MAX_BYTES:
        return span
    return {**{name: _beginning(value) for name, value in span.items()}, "is_cut": True}


def listed_trace(trace: dict[str, Any]) -> dict[str, Any]:
    """The trace's row itself, or with the beginning of input and output when they are longer than MAX_BYTES."""
    texts = {name: trace.get(name) or "" for name in ("input", "output")}
    if sum(len(text) for text in texts.values()) <= MAX_BYTES:
        return trace
    return {**trace, **{name: _beginning(trace.get(name)) for name in texts}}


def _beginning(value: Any, depth: int = 0) -> Any:
    if isinstance(value, str):
        return value if len(value) <= INLINE_CHARS else _cut(value)
    if depth >= MAX_DEPTH and isinstance(value, list | Mapping):
        return None
    if isinstance(value, list):
        return [_beginning(item, depth + 1) for item in value[:MAX_ITEMS]]
    if isinstance(value, Mapping):
        return {str(key)[:INLINE_CHARS]: _beginning(value[key], depth + 1) for key in list(value)[:MAX_ITEMS]}
    return value


def _cut(text: str) -> str:
    return f"{text[:INLINE_CHARS]}… [{INLINE_CHARS} of {len(text)} characters; the span alone has all]"
