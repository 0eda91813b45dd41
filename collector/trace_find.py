"""Small questions about one trace, from a page that has its tree already: where a text is, and when it began."""

from __future__ import annotations

from assay.collector.filter import Compiled, compile_filter
from assay.collector.near import narrowed
from assay.collector.paging import fetch
from assay.collector.span_list import find_trace, of_trace, trace_beside
from assay.collector.store import SpanStore

MOST_FOUND = 1000


def find_in_trace(
    store: SpanStore, trace_id: str, filter: str, *, project: str, most: int = MOST_FOUND
) -> list[str] | None:
    """Ids of the spans of a trace that match, in start order and at most so many; None when there is no such trace.

    Raises:
        InvalidRequest: the filter cannot be read.
    """
    condition = compile_filter(filter, "spans", "s")
    with store.read() as db, trace_beside(db, store, trace_id) as lies:
        key = find_trace(db, trace_id, project, lies)
        if key is None:
            return None
        spans = Compiled(*of_trace(key))
        matching = narrowed(db, spans, condition)
        found = fetch(
            db,
            f"SELECT s.span_id FROM span_log s WHERE {matching.sql} ORDER BY s.start_time, s.span_id LIMIT ?",
            [*matching.parameters, most],
        )
    return [row["span_id"] for row in found]


def start_of_trace(store: SpanStore, trace_id: str, *, project: str) -> int | None:
    """When the first of its spans began, in nanoseconds; None when there is no such trace."""
    with store.read() as db, trace_beside(db, store, trace_id) as lies:
        key = find_trace(db, trace_id, project, lies)
    return key.start if key else None
