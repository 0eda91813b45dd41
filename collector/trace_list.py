"""The list of traces: first which ones, from narrow columns and no further back than it takes; then their rows.

Newest first, the search goes back from the newest span in windows that grow. Every span of a trace that starts within
a window lies in it or later, so sums over those spans are exact; the only traces to be told apart are those that
started earlier still and merely reach into the window, and one look at one column finds them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from assay.collector.filter import TraceFilter, compile_trace_filter
from assay.collector.paging import (
    TIME_COLUMNS,
    Cursor,
    Order,
    Page,
    decode_cursor,
    encode_cursor,
    fetch,
    number_in,
    order_of,
    within,
)
from assay.collector.store import SpanStore
from assay.collector.trace_rows import TraceKey, summed_up, trace_rows
from assay.collector.windows import moment, windows_back

KEYS = ("trace_id", "project")
ROWS_AT_ONCE = 100
MAX_PAGE_BYTES = 4_000_000  # of text; a page ends early rather than exceed it by much


@dataclass(frozen=True, slots=True)
class _Found:
    key: TraceKey
    value: Any  # of the column that orders the list, as cursors carry it


def list_traces(
    store: SpanStore,
    *,
    project: str | None,
    filter: str | None = None,
    order_by: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page:
    """Trace rows that match, newest first unless `order_by` says otherwise.

    Raises:
        InvalidRequest: the filter, the order or the cursor cannot be read.
    """
    condition = compile_trace_filter(filter)
    order, after = order_of(order_by, "traces"), decode_cursor(cursor, len(KEYS))
    with store.read() as db:
        found = find_traces(db, project, condition, order, after, limit + 1)
        rows = _rows(db, found[:limit])
    more = len(found) > len(rows)
    last = found[len(rows) - 1] if rows else None
    return Page(rows, encode_cursor([last.value, last.key.trace_id, last.key.project]) if more and last else None)


def _rows(db: duckdb.DuckDBPyConnection, found: Sequence[_Found]) -> list[dict[str, Any]]:
    """Their rows, or the first of them where they hold more text than one answer should."""
    rows: list[dict[str, Any]] = []
    n_bytes = 0
    for first in range(0, len(found), ROWS_AT_ONCE):
        for row in trace_rows(db, [each.key for each in found[first : first + ROWS_AT_ONCE]]):
            n_bytes += len(row["input"] or "") + len(row["output"] or "")
            if rows and n_bytes > MAX_PAGE_BYTES:
                return rows
            rows.append(row)
    return rows


# Which traces -----------------------------------------------------------------------------------------------------


def find_traces(
    db: duckdb.DuckDBPyConnection,
    project: str | None,
    condition: TraceFilter,
    order: Order,
    after: Cursor | None,
    wanted: int,
) -> list[_Found]:
    """The first `wanted` traces behind the cursor."""
    found: list[_Found] = []
    for lower in _windows(db, condition, order, after):
        while len(found) < wanted:
            missing = wanted - len(found)
            batch = _candidates(db, project, condition, order, after, lower, missing)
            late = _started_before(db, lower, batch)
            found += [each for each in batch if (each.key.project, each.key.trace_id) not in late]
            if len(batch) < missing:
                break
            after = [batch[-1].value, batch[-1].key.trace_id, batch[-1].key.project]
        if len(found) >= wanted or lower is None:
            break
        after = [lower, "", ""] if order.newest_first else after
    return found


def _windows(
    db: duckdb.DuckDBPyConnection, condition: TraceFilter, order: Order, after: Cursor | None
) -> Iterator[int | None]:
    if not order.newest_first:  # the first by another order can be anywhere
        return iter([moment(db, condition.earliest, "max")])
    before = number_in(after) if after else None
    return windows_back(db, before=before, earliest=condition.earliest, latest=condition.latest)


def _candidates(
    db: duckdb.DuckDBPyConnection,
    project: str | None,
    condition: TraceFilter,
    order: Order,
    after: Cursor | None,
    lower: int | None,
    wanted: int,
) -> list[_Found]:
    """The first traces behind the cursor, summed up from the spans that start at `lower` or later."""
    where, parameters = within(project, "s")
    since = "" if lower is None else " AND s.start_time >= make_timestamp_ns(?)"
    bound = [] if lower is None else [lower]
    where, parameters = where + since, [*parameters, *bound]
    for sql, values in _probes(condition, order, after):
        inner, inner_parameters = within(project, "s")
        where += f" AND s.trace_id IN (SELECT s.trace_id FROM span_log s WHERE {inner}{since} AND {sql})"
        parameters += [*inner_parameters, *bound, *values]
    fields = {"start_time", order.column, *condition.fields} - {"project", "trace_id"}
    spans = summed_up(
        sorted(fields), where, span_conditions=[c.sql for c in condition.span_conditions], project=project
    )
    beyond, beyond_parameters = ("true", []) if after is None else order.beyond("t", KEYS, after)
    value = f"epoch_ns(t.{order.column})" if order.column in TIME_COLUMNS else f"t.{order.column}"
    rows = fetch(
        db,
        f"SELECT t.project, t.trace_id, epoch_ns(t.start_time) AS start, epoch_ns(t.last_start) AS last_start,"
        f" {value} AS value FROM ({spans}) t WHERE {condition.condition.sql} AND {beyond}"
        f" ORDER BY {order.sql('t', KEYS)} LIMIT ?",
        [
            *(parameter for each in condition.span_conditions for parameter in each.parameters),
            *parameters,
            *condition.condition.parameters,
            *beyond_parameters,
            wanted,
        ],
    )
    return [
        _Found(TraceKey(row["project"], row["trace_id"], row["start"], row["last_start"]), row["value"]) for row in rows
    ]


def _probes(condition: TraceFilter, order: Order, after: Cursor | None) -> Iterator[tuple[str, list[Any]]]:
    """Conditions that some span of every trace in question fulfils."""
    if condition.probe is not None:
        yield condition.probe.condition.sql, condition.probe.condition.parameters
    if order.newest_first and after is not None:  # a trace behind the cursor has its first span there
        yield "s.start_time <= make_timestamp_ns(?)", [after[0]]


def _started_before(db: duckdb.DuckDBPyConnection, lower: int | None, batch: Sequence[_Found]) -> set[tuple[str, str]]:
    """Which of these traces have a span before `lower`: they belong further down, and were summed up in part only."""
    if lower is None or not batch:
        return set()
    rows = db.execute(
        "SELECT DISTINCT project, trace_id FROM span_log WHERE start_time < make_timestamp_ns(?)"
        " AND trace_id IN (SELECT unnest(?::VARCHAR[]))",
        [lower, [each.key.trace_id for each in batch]],
    ).fetchall()
    return set(rows)
