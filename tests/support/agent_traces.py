"""Traces of agents, written by hand: spans of models, tools and what is around them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from assay.traces import Span, Trace

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


def at(ms: float) -> datetime:
    return BEGINNING + timedelta(milliseconds=ms)


def span(id: str, kind: str | None, start: float, end: float, **fields: Any) -> Span:
    """A span from `start` to `end`, in milliseconds from the beginning; below `root` unless it says otherwise."""
    given = {
        "parent_span_id": None if id == "root" else "root",
        "name": id,
        "duration_ms": end - start,
        **fields,
    }
    return Span(trace_id="t", span_id=id, kind=kind, start_time=at(start), end_time=at(end), **given)


def tool(id: str, called: str, arguments: Any, start: float, end: float | None = None, **fields: Any) -> Span:
    """A span that ran a tool. Arguments: as an object, or None where they were not recorded."""
    text = None if arguments is None else json.dumps(arguments)
    return span(id, "tool", start, start + 1 if end is None else end, tool_name=called, input=text, **fields)


def model(id: str, calls: list[tuple[str, Any] | tuple[str, Any, str]], start: float, **fields: Any) -> Span:
    """A span of a model that asked for these calls: name, arguments, perhaps an id; none: it answered in words."""
    parts: list[dict[str, Any]] = [
        {"type": "tool_call", "name": call[0], "arguments": call[1], "id": call[2] if len(call) > 2 else None}
        for call in calls
    ]
    given = {
        "output_messages": [{"role": "assistant", "parts": parts or [{"type": "text", "content": "done"}]}],
        **fields,
    }
    return span(id, "llm", start, start + 1, **given)


def trace(*spans: Span, **fields: Any) -> Trace:
    """These spans below a root that lasts 100 ms."""
    return Trace(trace_id="t", spans=[span("root", "task", 0, 100), *spans], **fields)
