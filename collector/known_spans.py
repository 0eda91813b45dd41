"""Which of some traces and spans there are."""

from __future__ import annotations

from collections.abc import Sequence

from assay.collector.open_view import open_beside
from assay.collector.store import SpanStore


def known_spans(store: SpanStore, project: str, trace_ids: Sequence[str]) -> dict[str, set[str]]:
    """Trace -> the ids of its spans, those that are still open among them, of those traces that the project has."""
    found: dict[str, set[str]] = {}
    if not trace_ids:
        return found
    with store.read() as db, open_beside(db, store.open_spans, list(trace_ids)):
        rows = db.execute(
            "SELECT trace_id, span_id FROM span_log WHERE project = ? AND trace_id IN (SELECT unnest(?::VARCHAR[]))",
            [project, list(trace_ids)],
        ).fetchall()
    for trace_id, span_id in rows:
        found.setdefault(trace_id, set()).add(span_id)
    return found
