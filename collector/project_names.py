"""Which projects have spans. Apart from `queries.py`, as it is all that the collector itself asks of what is stored."""

from __future__ import annotations

from assay.collector.store import SpanStore


def project_names(store: SpanStore) -> list[str]:
    """Names of the projects that have spans: one column is read, so every page may ask."""
    with store.read() as db:
        return [name for (name,) in db.execute("SELECT DISTINCT project FROM span_log").fetchall()]
