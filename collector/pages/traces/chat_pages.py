"""The chat view of a trace, for the page of the trace."""

from __future__ import annotations

from typing import Any

from fastapi import Request

from assay.collector.pages import urls
from assay.collector.pages.source import Row
from assay.collector.pages.traces.chat_view import turns_of
from assay.collector.pages.traces.details_source import DetailsSource
from assay.collector.pages.traces.messages import Message, messages_of


def chat_context(more: DetailsSource, request: Request, trace: Row) -> dict[str, Any]:
    """What templates/traces/view_chat.html shows of the part of the conversation that the address asks for."""
    project, trace_id, asked = trace["project"], trace["trace_id"], request.query_params
    as_text, cursor = asked.get("text") == "plain", asked.get("after") or None
    calls = more.calls(project, trace_id, cursor)
    turns = turns_of(calls.items)

    def address(**query: str | None) -> str:
        list_of_reader = {name: asked.get(name) for name in ("q", "from", "to")}
        return urls.trace(project, trace_id, view="chat", **list_of_reader, **query)

    return {
        "chat": {
            "turns": turns,
            "plain": [] if turns or cursor else _plain(trace),
            "as_text": as_text,
            "toggle": address(text=None if as_text else "plain", after=cursor),
            "next": address(text=asked.get("text"), after=calls.next_cursor) if calls.next_cursor else None,
        }
    }


def _plain(trace: Row) -> list[Message]:
    """Of a trace in which no model was called: what went in and what came out."""

    def text(role: str, content: str | None) -> list[Row]:
        return [{"role": role, "parts": [{"type": "text", "content": content}]}] if content else []

    return messages_of(text("user", trace["input"]), text("assistant", trace["output"]))
