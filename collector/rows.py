"""Rows on their way into the store, and out of it: the statements that append and delete.

To plan an insert into sixty columns takes longer than to insert a hundred rows. So those of spans are prepared, once
for the writer's cursor, over tables of Arrow that change while their names stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

import duckdb

from assay.collector import arrow as pa
from assay.collector.batch import SpanBatch, SpanKey, with_ids
from assay.collector.columns import (
    CONTENT_COLUMNS,
    JSON_ATTRIBUTES,
    LONG_TEXT_COLUMNS,
    STORED_NAMES,
    TEXT_ATTRIBUTES,
    stored_schema,
)
from assay.collector.content import KnownContent

NANOSECONDS_PER_DAY = 86_400 * 10**9

KEYS = ("project", "trace_id", "span_id")
PREPARED = {
    "insert_content": "INSERT INTO content SELECT id, received_on, text FROM arriving_content",
    "insert_spans": f"""
        INSERT INTO span_log ({", ".join(STORED_NAMES)})
        SELECT {", ".join(STORED_NAMES)} FROM arriving_spans
    """,
}
# A retry carries the same start time, so looking only at the batches' own time range finds every repeat, and the
# store's time order keeps that cheap. Asked apart from the insert: a join moves every column that it passes on.
REPEATED = """
SELECT place FROM arriving_keys arriving
WHERE EXISTS (
    SELECT 1 FROM span_log stored
    WHERE stored.start_time BETWEEN make_timestamp_ns($first) AND make_timestamp_ns($last)
      AND stored.trace_id = arriving.trace_id AND stored.span_id = arriving.span_id
      AND stored.project = arriving.project
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


@cache
def _arriving_schemas() -> dict[str, pa.Schema]:
    """Of the tables that the prepared statements read."""
    return {
        "arriving_content": pa.schema([("id", pa.int64()), ("received_on", pa.date32()), ("text", pa.string())]),
        "arriving_keys": pa.schema([("place", pa.int64()), *((name, pa.string()) for name in KEYS)]),
        "arriving_spans": stored_schema(),
    }


class _Arriving:
    """A table whose rows change: DuckDB asks for them whenever a statement over its name is run."""

    def __init__(self, schema: pa.Schema) -> None:
        self._empty = self.table = schema.empty_table()

    def empty(self) -> None:
        self.table = self._empty

    def __arrow_c_schema__(self) -> Any:
        return self.table.schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self.table.__arrow_c_stream__(requested_schema)


_arriving: WeakKeyDictionary[duckdb.DuckDBPyConnection, dict[str, _Arriving]] = WeakKeyDictionary()


def prepare(cursor: duckdb.DuckDBPyConnection) -> None:
    """Make the cursor ready for `append_spans`. Outside of a transaction, since a rollback would undo half of it."""
    tables = {name: _Arriving(schema) for name, schema in _arriving_schemas().items()}
    for name, table in tables.items():
        cursor.register(name, table)
    for name, statement in PREPARED.items():
        cursor.execute(f"PREPARE {name} AS {statement}")
    _arriving[cursor] = tables


def append_spans(cursor: duckdb.DuckDBPyConnection, batches: Sequence[SpanBatch], known: KnownContent) -> int:
    """Add the spans that are not there yet, and what is new of their content; how many spans were added.

    Args:
        cursor: one that was prepared.
    """
    if not batches:
        return 0
    added, content = _rows(batches, known)
    if content.num_rows:
        _run(cursor, "EXECUTE insert_content", arriving_content=content)
    fresh = _without_repeats(cursor, added, batches)
    if fresh.num_rows:
        _run(cursor, "EXECUTE insert_spans", arriving_spans=fresh)
    return int(fresh.num_rows)


def _rows(batches: Sequence[SpanBatch], known: KnownContent) -> tuple[pa.Table, pa.Table]:
    """The rows of all the batches, and the pieces that are new among theirs."""
    tables, new_ids, new_days, new_texts = [], [], [], []
    for batch in batches:
        day = batch.received_at // NANOSECONDS_PER_DAY
        identified = list(known.identify(batch.digests, day))
        tables.append(with_ids(batch, [number for number, _ in identified]))
        fresh = [(number, text) for (number, new), text in zip(identified, batch.texts, strict=True) if new]
        new_ids += [number for number, _ in fresh]
        new_texts += [text for _, text in fresh]
        new_days += [day] * len(fresh)
    days = pa.array(new_days, type=pa.int32()).cast(pa.date32())
    content = [pa.array(new_ids, type=pa.int64()), days, pa.array(new_texts, type=pa.string())]
    return pa.concat_tables(tables), pa.Table.from_arrays(content, schema=_arriving_schemas()["arriving_content"])


def _without_repeats(cursor: duckdb.DuckDBPyConnection, rows: pa.Table, batches: Sequence[SpanBatch]) -> pa.Table:
    """The rows of spans that are neither stored yet nor in an earlier batch of the same commit."""
    keys = [key for batch in batches for key in batch.keys]
    places = pa.array(range(len(keys)), type=pa.int64())
    arriving = pa.Table.from_arrays(
        [places, *rows.select(list(KEYS)).columns], schema=_arriving_schemas()["arriving_keys"]
    )
    times = {"first": min(batch.first for batch in batches), "last": max(batch.last for batch in batches)}
    repeated = {place for (place,) in _run(cursor, REPEATED, times, arriving_keys=arriving)}
    repeated.update(_seen_before(keys))
    return rows.filter(pa.array([place not in repeated for place in range(len(keys))])) if repeated else rows


def _seen_before(keys: Sequence[SpanKey]) -> Iterator[int]:
    """The places of keys that stand earlier in the list as well."""
    seen: set[SpanKey] = set()
    for place, key in enumerate(keys):
        if key in seen:
            yield place
        seen.add(key)


def _run(
    cursor: duckdb.DuckDBPyConnection, statement: str, parameters: dict[str, int] | None = None, **arriving: pa.Table
) -> list[Any]:
    """The rows of the statement's result, with these tables standing under their names."""
    tables = _arriving[cursor]
    for name, table in arriving.items():
        tables[name].table = table
    try:
        return cursor.execute(statement, parameters or {}).fetchall()
    finally:
        for name in arriving:
            tables[name].empty()  # what was stored need not stay in memory


def _insert(
    cursor: duckdb.DuckDBPyConnection, sql: str, batch: pa.Table, parameters: Mapping[str, Any] | None = None
) -> int:
    cursor.register("batch", batch)
    [(added,)] = cursor.execute(sql, dict(parameters or {})).fetchall()
    cursor.unregister("batch")  # not after a failure: it would be one more in its place, and the cursor is given up
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
