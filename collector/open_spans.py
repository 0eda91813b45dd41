"""Spans that have begun and not yet ended: their table, and the statements that change it.

A program announces its open spans (see log_events.py); each lies in `open_span_log` in the columns of `span_log`, until
the span itself arrives in `span_log`. Whoever writes ended spans knows nothing of it: readers leave out what has
arrived (see open_view.py), and upkeep removes it. When the program is gone, `lost_at` says when it was last heard of;
a day later what was announced is kept for good, as an interrupted span among the others.

All functions run inside a transaction of the writer's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from assay.collector import arrow as pa
from assay.collector.batch import SpanBatch, SpanKey, with_ids
from assay.collector.columns import STORED_NAMES
from assay.collector.content import KnownContent
from assay.collector.deletions import mark_changed
from assay.collector.open_index import ROW, Row

SQL = """
-- The columns of span_log as they are here; the process that announced the span; and when it was heard of last, once it
-- is taken to be gone.
CREATE TABLE open_span_log AS SELECT * FROM span_log LIMIT 0;
ALTER TABLE open_span_log ADD COLUMN instance VARCHAR;
ALTER TABLE open_span_log ADD COLUMN lost_at TIMESTAMP_NS;
"""

IN_PROGRESS = "in_progress"
INTERRUPTED = "interrupted"
NANOSECONDS_PER_DAY = 86_400 * 10**9
KEPT_OPEN_NS = NANOSECONDS_PER_DAY  # after its process is gone: a spool may still bring the span

SAME_SPAN = "{a}.trace_id = {b}.trace_id AND {a}.span_id = {b}.span_id AND {a}.project = {b}.project"
_HAS_ARRIVED = (
    f"EXISTS (SELECT 1 FROM span_log s WHERE {SAME_SPAN.format(a='s', b='o')} AND s.start_time = o.start_time)"
)
_NAMES = ", ".join(STORED_NAMES)

Cursor = duckdb.DuckDBPyConnection
Process = tuple[str, str]  # project and instance


def append_open(cursor: Cursor, batch: SpanBatch, instances: Mapping[SpanKey, str], known: KnownContent) -> list[Row]:
    """Add announced spans, but for those that are there already, open or ended; what the index needs of them."""
    day = batch.received_at // NANOSECONDS_PER_DAY
    identified = list(known.identify(batch.digests, day))
    fresh = [(number, text) for (number, new), text in zip(identified, batch.texts, strict=True) if new]
    content = pa.table(
        {
            "id": pa.array([number for number, _ in fresh], type=pa.int64()),
            "received_on": pa.array([day] * len(fresh), type=pa.int32()).cast(pa.date32()),
            "text": pa.array([text for _, text in fresh], type=pa.string()),
        }
    )
    spans = with_ids(batch, [number for number, _ in identified])
    spans = spans.append_column("instance", pa.array([instances[key] for key in batch.keys], type=pa.string()))
    cursor.register("new_content", content)
    cursor.register("announced", spans)
    try:
        cursor.execute("INSERT INTO content SELECT id, received_on, text FROM new_content")
        added: list[Row] = cursor.execute(
            f"INSERT INTO open_span_log (row_id, {_NAMES}, instance)"
            f" SELECT nextval('span_row_id'), {_NAMES}, instance FROM announced o WHERE NOT {_HAS_ARRIVED}"
            f" AND NOT EXISTS (SELECT 1 FROM open_span_log p WHERE {SAME_SPAN.format(a='p', b='o')}) RETURNING {ROW}"
        ).fetchall()
    finally:
        cursor.unregister("announced")
        cursor.unregister("new_content")
    return added


def arrived(db: Cursor, after_row: int) -> list[SpanKey]:
    """The open spans that have arrived in `span_log` behind the row `after_row`."""
    return db.execute(
        "SELECT o.project, o.trace_id, o.span_id FROM open_span_log o"
        f" JOIN span_log s ON {SAME_SPAN.format(a='s', b='o')} WHERE s.row_id > ?",
        [after_row],
    ).fetchall()


def remove_open(cursor: Cursor, keys: Sequence[SpanKey]) -> None:
    for key in keys:
        cursor.execute("DELETE FROM open_span_log WHERE project = ? AND trace_id = ? AND span_id = ?", list(key))


def mark_lost(cursor: Cursor, processes: Mapping[Process, int]) -> None:
    """Say of what these processes have announced when they were heard of last (nanoseconds since the epoch)."""
    for process, lost_at in processes.items():
        _set_lost(cursor, process, "make_timestamp_ns(?)", [lost_at], before="IS NULL")


def mark_found(cursor: Cursor, process: Process) -> None:
    """A process that was taken to be gone has been heard of: what it announced is in progress again."""
    _set_lost(cursor, process, "NULL", [], before="IS NOT NULL")


def _set_lost(cursor: Cursor, process: Process, value: str, parameters: list[Any], *, before: str) -> None:
    # New rows in place of the old ones, not an update: readers who follow what is new see them by their row_id.
    these = f"project = ? AND instance = ? AND lost_at {before}"
    cursor.execute(
        f"INSERT INTO open_span_log BY NAME SELECT * REPLACE (nextval('span_row_id') AS row_id, {value} AS lost_at)"
        f" FROM open_span_log WHERE {these}",
        [*parameters, *process],
    )
    cursor.execute(f"DELETE FROM open_span_log WHERE {these}", list(process))


def keep_for_good(cursor: Cursor, now_ns: int) -> None:
    """Make interrupted spans of what was announced by processes that are gone for a day."""
    these = "o.lost_at < make_timestamp_ns(?)"
    before = [now_ns - KEPT_OPEN_NS]
    [(count,)] = cursor.execute(f"SELECT count(*) FROM open_span_log o WHERE {these}", before).fetchall()
    if not count:
        return
    cursor.execute(
        "INSERT INTO span_log BY NAME SELECT * EXCLUDE (instance, lost_at) REPLACE ("
        f" nextval('span_row_id') AS row_id, {ended_columns('lost_at')}, '{INTERRUPTED}' AS status)"
        f" FROM open_span_log o WHERE {these} AND NOT {_HAS_ARRIVED}",
        before,
    )
    # They keep the time at which they were announced, which is where their content is filed, and which has been copied.
    mark_changed(
        cursor,
        f"status = '{INTERRUPTED}' AND (project, trace_id, span_id) IN"
        f" (SELECT o.project, o.trace_id, o.span_id FROM open_span_log o WHERE {these})",
        before,
    )
    cursor.execute(f"DELETE FROM open_span_log o WHERE {these}", before)


def ended_columns(end: str) -> str:
    """The columns that a span gets by its end, as though it had ended at `end`."""
    end = f"greatest(start_time, {end})"
    return f"{end} AS end_time, (epoch_ns({end}) - epoch_ns(start_time)) / 1e6 AS duration_ms"
