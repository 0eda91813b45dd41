"""Rows on their way into the store, and out of it: the statements that append and delete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import duckdb
import pyarrow as pa

from assay.collector.batch import SpanBatch, SpanKey, with_ids
from assay.collector.columns import (
    CONTENT_COLUMNS,
    JSON_ATTRIBUTES,
    LONG_TEXT_COLUMNS,
    STORED_SCHEMA,
    TEXT_ATTRIBUTES,
)
from assay.collector.content import KnownContent

NANOSECONDS_PER_DAY = 86_400 * 10**9

INSERT_SPANS = f"""
INSERT INTO span_log ({", ".join(STORED_SCHEMA.names)})
SELECT {", ".join("batch." + name for name in STORED_SCHEMA.names)} FROM batch
WHERE NOT EXISTS (
    SELECT 1 FROM span_log stored
    WHERE stored.start_time BETWEEN make_timestamp_ns($first) AND make_timestamp_ns($last)
      AND stored.trace_id = batch.trace_id AND stored.span_id = batch.span_id AND stored.project = batch.project
)
"""


# Every piece of content that spans of some days refer to. Spans received just before midnight may have theirs on the
# next day, for a batch's content is filed under its latest span.
REFERENCES = f"""
SELECT unnest(list_concat(
    {", ".join(f"{name}_ids" for name in CONTENT_COLUMNS)},
    [{", ".join(f"{name}_id" for name in LONG_TEXT_COLUMNS)}],
    flatten(map_values({TEXT_ATTRIBUTES})), flatten(map_values({JSON_ATTRIBUTES}))
)) AS id
FROM (FROM span_log UNION ALL BY NAME FROM open_span_log)
WHERE received_at >= list_min($days)::TIMESTAMP_NS - INTERVAL 1 DAY
  AND received_at < list_max($days)::TIMESTAMP_NS + INTERVAL 1 DAY
"""

SWEEP = f"""
DELETE FROM content
WHERE received_on IN (SELECT unnest($days::DATE[]))
  AND NOT EXISTS (SELECT 1 FROM ({REFERENCES}) used WHERE used.id = content.id)
"""


def append_spans(cursor: duckdb.DuckDBPyConnection, batches: Sequence[SpanBatch], known: KnownContent) -> int:
    """Add the spans that are not there yet, and what is new of their content; how many spans were added.

    A retry carries the same start time, so looking only at the batches' own time range finds every repeat, and the
    store's time order keeps that cheap.
    """
    if not batches:
        return 0
    seen: set[SpanKey] = set()
    tables, new_ids, new_days, new_texts = [], [], [], []
    for batch in batches:
        day = batch.received_at // NANOSECONDS_PER_DAY
        identified = list(known.identify(batch.digests, day))
        tables.append(_not_in(seen, batch.keys, with_ids(batch, [number for number, _ in identified])))
        fresh = [(number, text) for (number, new), text in zip(identified, batch.texts, strict=True) if new]
        new_ids += [number for number, _ in fresh]
        new_texts += [text for _, text in fresh]
        new_days += [day] * len(fresh)
    content = pa.table(
        {
            "id": pa.array(new_ids, type=pa.int64()),
            "received_on": pa.array(new_days, type=pa.int32()).cast(pa.date32()),
            "text": pa.array(new_texts, type=pa.string()),
        }
    )
    if content.num_rows:
        _insert(cursor, "INSERT INTO content SELECT id, received_on, text FROM batch", content)
    first, last = min(batch.first for batch in batches), max(batch.last for batch in batches)
    return _insert(cursor, INSERT_SPANS, pa.concat_tables(tables), {"first": first, "last": last})


def _not_in(seen: set[SpanKey], keys: Sequence[SpanKey], table: pa.Table) -> pa.Table:
    """The rows whose spans are not in an earlier batch of the same commit."""
    repeated = not seen.isdisjoint(keys)
    if repeated:
        table = table.filter(pa.array([key not in seen for key in keys]))
    seen.update(keys)
    return table


def _insert(
    cursor: duckdb.DuckDBPyConnection, sql: str, batch: pa.Table, parameters: Mapping[str, Any] | None = None
) -> int:
    cursor.register("batch", batch)
    try:
        [(added,)] = cursor.execute(sql, dict(parameters or {})).fetchall()
    finally:
        cursor.unregister("batch")
    return int(added)


def delete_spans(cursor: duckdb.DuckDBPyConnection, where: str, parameters: Sequence[Any]) -> int:
    """Delete the rows of `span_log` for which `where` holds; how many there were.

    Their content stays until `sweep_content`: others may share it.
    """
    [(deleted,)] = cursor.execute(f"DELETE FROM span_log WHERE {where}", list(parameters)).fetchall()
    return int(deleted)


def sweep_content(cursor: duckdb.DuckDBPyConnection, days: Sequence[date], known: KnownContent) -> int:
    """Delete the content of these days (UTC) to which no span refers any more; how many pieces there were.

    Content is shared only by spans received on the same day, so nothing else has to be looked at.
    """
    if not days:
        return 0
    known.forget_all()
    [(deleted,)] = cursor.execute(SWEEP, {"days": [day.isoformat() for day in days]}).fetchall()
    return int(deleted)


def append_rows(cursor: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Append dicts of equal keys to one of our tables. Integers named `*_at` are nanoseconds since the epoch."""
    if not rows:
        return
    batch = _in_utc(pa.Table.from_pylist([dict(row) for row in rows]))
    values = [
        f"make_timestamp_ns({field.name})"
        if field.name.endswith("_at") and pa.types.is_integer(field.type)
        else field.name
        for field in batch.schema
    ]
    _insert(
        cursor, f"INSERT INTO {table} ({', '.join(batch.column_names)}) SELECT {', '.join(values)} FROM batch", batch
    )


def _in_utc(batch: pa.Table) -> pa.Table:
    """The batch with bare times in UTC: from aware ones DuckDB would make those of the machine's own zone."""
    bare = [
        pa.field(field.name, pa.timestamp(field.type.unit)) if pa.types.is_timestamp(field.type) else field
        for field in batch.schema
    ]
    return batch.cast(pa.schema(bare))


def replace_tables(cursor: duckdb.DuckDBPyConnection, tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Make the copies of the registry's tables equal to what is given, within the caller's transaction."""
    for table, rows in tables.items():
        cursor.execute(f"DELETE FROM {table}")
        append_rows(cursor, table, rows)
