"""Stored spans -> whole spans: the pieces of their long text put together again.

Readers select `STORED_COLUMNS` from `span_log` and pass the rows through `whole_spans`; what a list shows anyway
(names, times, counts, the first characters of input and output) needs none of this.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import duckdb

from assay.collector import arrow as pa
from assay.collector.columns import (
    ATTRIBUTES,
    CONTENT_COLUMNS,
    JSON_ATTRIBUTES,
    LONG_TEXT_COLUMNS,
    SPAN_COLUMNS,
    TEXT_ATTRIBUTES,
    Column,
)
from assay.collector.values import to_json

Row = Mapping[str, Any]


def stored_columns(columns: Sequence[Column] = SPAN_COLUMNS) -> tuple[str, ...]:
    """What to select for `whole_spans` to give these columns; times as nanoseconds since the epoch."""
    return tuple(expression for column in columns for expression in _stored(column))


def _stored(column: Column) -> tuple[str, ...]:
    if column.name in CONTENT_COLUMNS:
        return (f"{column.name}_ids",)
    if column.name in LONG_TEXT_COLUMNS:
        return (column.name, f"{column.name}_id")
    if column.name == ATTRIBUTES:
        return (ATTRIBUTES, TEXT_ATTRIBUTES, JSON_ATTRIBUTES)
    return (f"epoch_ns({column.name}) AS {column.name}",) if column.kind == "time" else (column.name,)


def whole_spans(db: duckdb.DuckDBPyConnection, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The rows with every column under its public name; `attributes` and other JSON columns as JSON text.

    Columns that were not selected stay absent.
    """
    texts = _texts(db, {number for row in rows for number in _references(row)})
    return [_whole(row, texts) for row in rows]


def _references(row: Row) -> Iterator[int]:
    for name in CONTENT_COLUMNS:
        yield from row.get(f"{name}_ids") or ()
    for name in LONG_TEXT_COLUMNS:
        if number := row.get(f"{name}_id"):
            yield number
    for name in (TEXT_ATTRIBUTES, JSON_ATTRIBUTES):
        for ids in (row.get(name) or {}).values():
            yield from ids


def _texts(db: duckdb.DuckDBPyConnection, wanted: set[int]) -> dict[int, str]:
    if not wanted:
        return {}
    db.register("wanted", pa.table({"id": pa.array(sorted(wanted), type=pa.int64())}))
    try:
        return dict(
            db.execute(
                "SELECT id, text FROM content WHERE id IN (SELECT id FROM wanted) AND id BETWEEN ? AND ?",
                [min(wanted), max(wanted)],
            ).fetchall()
        )
    finally:
        db.unregister("wanted")


def _whole(row: Row, texts: Mapping[int, str]) -> dict[str, Any]:
    def joined(ids: Iterable[int]) -> str:
        return "".join(texts[number] for number in ids)

    whole: dict[str, Any] = {}
    for name, value in row.items():
        if name.removesuffix("_ids") in CONTENT_COLUMNS:
            whole[name.removesuffix("_ids")] = None if value is None else joined(value)
        elif name.endswith("_id") and name.removesuffix("_id") in LONG_TEXT_COLUMNS:
            continue
        elif name in LONG_TEXT_COLUMNS:
            number = row.get(f"{name}_id")
            whole[name] = texts[number] if number else value
        elif name == ATTRIBUTES:
            whole[name] = _attributes(row, joined)
        elif name not in (TEXT_ATTRIBUTES, JSON_ATTRIBUTES):
            whole[name] = value
    return whole


def _attributes(row: Row, joined: Any) -> str:
    """One JSON object: short values are JSON text already, long strings become it."""
    spelled = dict(row[ATTRIBUTES])
    spelled.update((key, to_json(joined(ids))) for key, ids in row[TEXT_ATTRIBUTES].items())
    spelled.update((key, joined(ids)) for key, ids in row[JSON_ATTRIBUTES].items())
    return "{" + ",".join(f"{to_json(key)}:{value}" for key, value in spelled.items()) + "}"
