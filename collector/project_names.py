"""Which projects have spans. Apart from `queries.py`, as it is all that the collector itself asks of what is stored."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from assay.collector.store import SpanStore

_KNOWN: WeakKeyDictionary[SpanStore, tuple[int, list[str]]] = WeakKeyDictionary()
"""Of each store, how many writes there had been, and which projects there were."""


def project_names(store: SpanStore) -> list[str]:
    """Names of the projects that have spans: one column is read, and only after something was written, so that every
    page may ask.
    """
    writes = store.write_times.count  # before it is asked: what comes meanwhile is asked for again
    known = _KNOWN.get(store)
    if known is None or known[0] != writes:
        with store.read() as db:
            names = [name for (name,) in db.execute("SELECT DISTINCT project FROM span_log").fetchall()]
        known = _KNOWN[store] = writes, names
    return list(known[1])
