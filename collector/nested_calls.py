"""Whether any model call stands around another one: mostly none does, and to find that out takes half of a sum's time.

So it is remembered up to which row none does. Spans that came later are looked at together with those of their traces,
which `trace_blocks` leads to; a call can only stand around one of its own trace.
"""

from __future__ import annotations

import threading

import duckdb

from assay.collector.trace_blocks import ANYWHERE, TraceBlocks
from assay.collector.trace_sql import MODEL_KINDS

MOST_TRACES = 5_000  # that are new; of more, everything is looked at once again


class NestedCalls:
    """Asked by any reader, on a cursor whose `span_log` is the table."""

    def __init__(self, blocks: TraceBlocks) -> None:
        self._blocks = blocks
        self._none_up_to: int | None = None  # row number; None: nothing is known yet
        self._found = False
        self._asking = threading.Lock()

    def none(self, db: duckdb.DuckDBPyConnection) -> bool:
        """Whether in no project a model call stands around another one. False says that one may."""
        with self._asking:
            last = self._blocks.last_row(db)
            if not self._found and (self._none_up_to is None or last > self._none_up_to):
                self._found = _some(db, self._where_new(db))
                self._none_up_to = last
            return not self._found

    def _where_new(self, db: duckdb.DuckDBPyConnection) -> str:
        """SQL that holds for every span `s` of the traces that have new model calls."""
        if self._none_up_to is None:
            return ANYWHERE
        found = db.execute(
            f"SELECT DISTINCT trace_id FROM span_log WHERE row_id > ? AND kind IN {MODEL_KINDS} LIMIT ?",
            [self._none_up_to, MOST_TRACES + 1],
        ).fetchall()
        if len(found) > MOST_TRACES:
            return ANYWHERE
        return self._blocks.condition(db, [trace_id for (trace_id,) in found])


def _some(db: duckdb.DuckDBPyConnection, where: str) -> bool:
    """Whether among the spans for which `where` holds a model call may stand around another: told from numbers, which
    takes far less time than to join the calls, and may rarely be wrong.
    """
    calls = f"FROM span_log s WHERE {where} AND s.kind IN {MODEL_KINDS}"
    inner = f"SELECT hash(s.parent_span_id) {calls} AND s.total_tokens IS NOT NULL AND s.parent_span_id IS NOT NULL"
    return bool(db.execute(f"SELECT 1 {calls} AND hash(s.span_id) IN ({inner}) LIMIT 1").fetchall())
