"""New traces and spans as they are committed, for readers who follow them (see `live.py`).

The store is asked for rows above the last `row_id` that the reader saw. Each reader asks at its own pace, so a slow one
holds nothing in memory; what it could not take is counted and told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import duckdb

from assay.collector.filter import Compiled, compile_filter, compile_trace_filter
from assay.collector.near import narrowed
from assay.collector.open_view import open_beside
from assay.collector.paging import fetch, iso_time, within
from assay.collector.store import SpanStore
from assay.collector.trace_rows import TraceKey, trace_rows
from assay.collector.trace_sql import summed_up

MAX_ITEMS = 200  # at once; of more, the newest
MAX_BEHIND = 20_000  # rows that are looked at; what lies further back is missed
SPAN_COLUMNS = (
    *("row_id", "project", "trace_id", "span_id", "parent_span_id", "name", "kind", "status", "status_message"),
    *("duration_ms", "session_id", "user_id", "provider", "request_model", "response_model", "input", "output"),
    *("tool_name", "input_tokens", "output_tokens", "total_tokens", "cost_usd"),
)


Finder = Callable[[duckdb.DuckDBPyConnection, str | None, str | None, int, int], list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class News:
    """What has come: `last_row` is where to go on; `missed` rows were not looked at."""

    items: list[dict[str, Any]]
    last_row: int
    missed: int


def check_filter(of: str, filter: str | None) -> None:
    """Read the filter, and forget it.

    Raises:
        InvalidRequest: it is none.
    """
    if of == "spans":
        compile_filter(filter, "spans", "s")
    else:
        compile_trace_filter(filter)


def last_row(store: SpanStore) -> int:
    with store.read() as db:
        return _last_row(db, store)


def news(store: SpanStore, of: str, filter: str | None, project: str | None, after: int) -> News:
    """What matches among the rows after `after`.

    Raises:
        InvalidRequest: the filter cannot be read.
    """
    return _news(store, _new_spans if of == "spans" else _new_traces, filter, project, after)


def news_ids(store: SpanStore, of: str, filter: str | None, project: str | None, after: int) -> News:
    """As `news`, with `trace_id`, and of spans `span_id`, alone: who only counts need not read what they hold.

    Raises:
        InvalidRequest: the filter cannot be read.
    """
    return _news(store, _new_span_ids if of == "spans" else _new_trace_ids, filter, project, after)


def _news(store: SpanStore, find: Finder, filter: str | None, project: str | None, after: int) -> News:
    with store.read() as db, open_beside(db, store.open_spans):
        last = _last_row(db, store)
        first = max(after, last - MAX_BEHIND) if after <= last else last
        items = find(db, filter, project, first, last) if first < last else []
    return News(items, last, missed=max(0, first - after))


def _last_row(db: duckdb.DuckDBPyConnection, store: SpanStore) -> int:
    [(last,)] = db.execute("SELECT coalesce(max(row_id), 0) FROM span_log").fetchall()
    return max(int(last), store.open_spans.last_row)


def _new_spans(
    db: duckdb.DuckDBPyConnection, filter: str | None, project: str | None, first: int, last: int
) -> list[dict[str, Any]]:
    columns = f"{', '.join(f's.{name}' for name in SPAN_COLUMNS)}, epoch_ns(s.start_time) AS start_time"
    rows = _span_rows(db, columns, filter, project, first, last)
    return [{**row, "start_time": iso_time(row["start_time"])} for row in rows]


def _new_span_ids(
    db: duckdb.DuckDBPyConnection, filter: str | None, project: str | None, first: int, last: int
) -> list[dict[str, Any]]:
    return _span_rows(db, "s.trace_id, s.span_id", filter, project, first, last)


def _span_rows(
    db: duckdb.DuckDBPyConnection, columns: str, filter: str | None, project: str | None, first: int, last: int
) -> list[dict[str, Any]]:
    new = Compiled("s.row_id > ? AND s.row_id <= ?", [first, last]).joined("AND", Compiled(*within(project, "s")))
    matching = narrowed(db, new, compile_filter(filter, "spans", "s"))
    rows = fetch(
        db,
        f"SELECT {columns} FROM span_log s WHERE {matching.sql} ORDER BY s.row_id DESC LIMIT ?",
        [*matching.parameters, MAX_ITEMS],
    )
    return rows[::-1]


def _new_traces(
    db: duckdb.DuckDBPyConnection, filter: str | None, project: str | None, first: int, last: int
) -> list[dict[str, Any]]:
    """Rows of the traces that got spans and match, as they are now: a trace comes again when it grows."""
    return trace_rows(db, _keys(db, filter, project, first, last))


def _new_trace_ids(
    db: duckdb.DuckDBPyConnection, filter: str | None, project: str | None, first: int, last: int
) -> list[dict[str, Any]]:
    return [{"trace_id": key.trace_id} for key in _keys(db, filter, project, first, last)]


def _keys(
    db: duckdb.DuckDBPyConnection, filter: str | None, project: str | None, first: int, last: int
) -> list[TraceKey]:
    condition = compile_trace_filter(filter)
    where, parameters = within(project, "s")
    named = f"SELECT s.trace_id FROM span_log s WHERE s.row_id > ? AND s.row_id <= ? AND {where}"
    traces = summed_up(
        sorted({"start_time", *condition.fields} - {"project", "trace_id"}),
        f"{where} AND s.trace_id IN ({named})",
        span_conditions=[each.sql for each in condition.span_conditions],
        project=project,
    )
    rows = fetch(
        db,
        "SELECT t.project, t.trace_id, epoch_ns(t.start_time) AS start, epoch_ns(t.last_start) AS last_start"
        f" FROM ({traces}) t WHERE {condition.condition.sql} ORDER BY t.start_time DESC LIMIT ?",
        [
            *(value for each in condition.span_conditions for value in each.parameters),
            *parameters,
            *(first, last),
            *parameters,
            *condition.condition.parameters,
            MAX_ITEMS,
        ],
    )
    return [TraceKey(row["project"], row["trace_id"], row["start"], row["last_start"]) for row in reversed(rows)]
