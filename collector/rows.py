"""Rows on their way into the store: batches as Arrow tables, and the statements that append them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa

from assay.collector.columns import COLUMN_NAMES, SPAN_SCHEMA

INSERT_SPANS = f"""
INSERT INTO span_log ({", ".join(COLUMN_NAMES)})
SELECT {", ".join("batch." + name for name in COLUMN_NAMES)} FROM batch
WHERE NOT EXISTS (
    SELECT 1 FROM span_log stored
    WHERE stored.start_time BETWEEN make_timestamp_ns($first) AND make_timestamp_ns($last)
      AND stored.trace_id = batch.trace_id AND stored.span_id = batch.span_id AND stored.project = batch.project
)
"""


def span_table(rows: Sequence[Sequence[Any]]) -> pa.Table:
    """Rows in the order of SPAN_COLUMNS -> one Arrow table. `attributes` is a dict of name -> JSON text."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(COLUMN_NAMES)
    arrays = []
    for field, values in zip(SPAN_SCHEMA, columns, strict=True):
        if pa.types.is_map(field.type):
            values = tuple(list(value.items()) for value in values)
        arrays.append(pa.array(values, type=field.type))
    return pa.Table.from_arrays(arrays, schema=SPAN_SCHEMA)


def append_spans(cursor: duckdb.DuckDBPyConnection, batch: pa.Table) -> int:
    """Add the spans that are not there yet; how many were added.

    A retry carries the same start time, so looking only at the batch's own time range finds every repeat, and the
    store's time order keeps that cheap.
    """
    batch = _first_of_each(batch)
    if batch.num_rows == 0:
        return 0
    starts = batch.column("start_time").cast(pa.int64())
    first, last = min(starts.to_pylist()), max(starts.to_pylist())
    cursor.register("batch", batch)
    try:
        [(added,)] = cursor.execute(INSERT_SPANS, {"first": first, "last": last}).fetchall()
    finally:
        cursor.unregister("batch")
    return int(added)


def _first_of_each(batch: pa.Table) -> pa.Table:
    """The batch without repeats within itself; the first of a span wins."""
    keys = zip(*(batch.column(name).to_pylist() for name in ("project", "trace_id", "span_id")), strict=True)
    seen: set[tuple[str, str, str]] = set()
    keep = [index for index, key in enumerate(keys) if not (key in seen or seen.add(key))]  # type: ignore[func-returns-value]
    return batch if len(keep) == batch.num_rows else batch.take(keep)


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
    cursor.register("batch", batch)
    try:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(batch.column_names)}) SELECT {', '.join(values)} FROM batch"
        ).fetchall()
    finally:
        cursor.unregister("batch")


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
