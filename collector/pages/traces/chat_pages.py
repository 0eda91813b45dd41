"""The chat view of a trace, for the page of the trace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from assay.collector.pages.source import Row
from assay.collector.pages.traces.chat_view import turns_of
from assay.collector.pages.traces.details_source import DetailsSource
from assay.collector.pages.traces.messages import Message, messages_of


def chat_context(
    more: DetailsSource, trace: Row, address: Callable[..., str], *, as_text: bool, cursor: str | None
) -> dict[str, Any]:
    """What templates/traces/view_chat.html shows.

    Args:
        address: of the same page with another query: `text=` and `after=`.
        cursor: where the page before this one ended.
    """
    calls = more.calls(trace["project"], trace["trace_id"], cursor)
    turns = turns_of(calls.items)
    return {
        "chat": {
            "turns": turns,
            "plain": [] if turns else _plain(trace),
            "as_text": as_text,
            "toggle": address(text=None if as_text else "plain", after=cursor),
            "next": address(text="plain" if as_text else None, after=calls.next_cursor) if calls.next_cursor else None,
        }
    }


def _plain(trace: Row) -> list[Message]:
    """Of a trace in which no model was called: what went in and what came out."""

    def text(role: str, content: str | None) -> list[Row]:
        return [{"role": role, "parts": [{"type": "text", "content": content}]}] if content else []

    return messages_of(text("user", trace["input"]), text("assistant", trace["output"]))
