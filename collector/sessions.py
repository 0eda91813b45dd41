"""Sessions: what one user and the application said to each other, over several traces.

A trace belongs to the first session that its spans name. Sessions are listed by their last sign of life.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import duckdb

from assay.collector.filter import TraceFilter, compile_trace_filter
from assay.collector.paging import (
    ORDER,
    Cursor,
    Order,
    Page,
    decode_cursor,
    encode_cursor,
    fetch,
    iso_time,
    number_in,
    within,
)
from assay.collector.store import SpanStore
from assay.collector.trace_blocks import TraceBlocks
from assay.collector.trace_list import list_traces
from assay.collector.trace_rows import TraceKey, trace_rows
from assay.collector.trace_sql import summed_up
from assay.collector.trace_sums import COUNTED
from assay.collector.windows import windows_back
from assay.errors import InvalidRequest

KEYS = ("session_id", "project")
LAST_FIRST = Order("last", "DESC")
MANY_TRACES = 5_000  # of the sessions of a page: too many to look for one by one
FIELDS = ("session_id", "user_id", "start_time", "end_time", "span_count", "status", *COUNTED, "cost_usd")
SUMS = ", ".join(
    (
        "t.project, t.session_id, epoch_ns(min(t.start_time)) AS start_time, epoch_ns(max(t.end_time)) AS end_time",
        "count(*) AS trace_count, sum(t.span_count)::BIGINT AS span_count",
        "count(*) FILTER (WHERE t.status = 'error') AS error_count",
        "list_sort(list(DISTINCT t.user_id) FILTER (WHERE t.user_id IS NOT NULL)) AS user_ids",
        *(f"sum(t.{name})::BIGINT AS {name}" for name in COUNTED),
        "sum(t.cost_usd) AS cost_usd, arg_max(t.trace_id, t.start_time) AS last_trace_id",
        "epoch_ns(max(t.start_time)) AS last_start, epoch_ns(max(t.last_start)) AS last_span_start",
    )
)


# What sessions can be ordered by -> SQL of it over the rows `t` of a session's traces.
ORDERS = {
    "start_time": "epoch_ns(min(t.start_time))",
    "end_time": "epoch_ns(max(t.end_time))",
    "duration_ms": "epoch_ns(max(t.end_time)) - epoch_ns(min(t.start_time))",
    "trace_count": "count(*)",
    "error_count": "count(*) FILTER (WHERE t.status = 'error')",
    "span_count": "sum(t.span_count)::BIGINT",
    "total_tokens": "sum(t.total_tokens)::BIGINT",
    "cost_usd": "sum(t.cost_usd)",
}


def list_sessions(
    store: SpanStore,
    *,
    project: str | None,
    filter: str | None = None,
    order_by: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page:
    """Sessions, those with the newest spans first unless `order_by` says otherwise; with a filter, those that have a
    trace which matches.

    Raises:
        InvalidRequest: the filter, the order or the cursor cannot be read.
    """
    condition, after = compile_trace_filter(filter), decode_cursor(cursor, len(KEYS))
    order = _order_of(order_by)
    with store.read() as db:
        if order is None:
            found = _find(db, project, condition if filter and filter.strip() else None, after, limit + 1)
        else:
            found = _find_ordered(db, project, condition, order, after, limit + 1)
        items = _rows(db, store.trace_blocks, found[:limit])
    last = found[limit - 1] if len(found) > limit else None
    if last is None:
        return Page(items, None)
    return Page(items, encode_cursor([last["last" if order is None else "value"], last["session_id"], last["project"]]))


def _order_of(order_by: str | None) -> Order | None:
    """The order that a reader asks for; None: by the last sign of life.

    Raises:
        InvalidRequest: sessions have no such order.
    """
    if order_by is None or not order_by.strip():
        return None
    match = ORDER.fullmatch(order_by)
    column = match[1].lower() if match else ""
    direction = (match[2] or "asc").upper() if match else ""
    if (column, direction) == ("last", "DESC"):
        return None
    if column != "last" and column not in ORDERS:
        raise InvalidRequest(
            f"order_by {order_by!r} cannot be used.",
            hint=f"Sessions are ordered by one of: {', '.join(['last', *ORDERS])}; and asc or desc.",
        )
    return Order(column, direction)


def get_session(
    store: SpanStore, session_id: str, *, project: str | None, limit: int = 100, cursor: str | None = None
) -> dict[str, Any] | None:
    """A session's row with `traces`, its traces' rows in order of time; None when there is no such session."""
    where, parameters = within(project, "s")
    with store.read() as db:
        found = fetch(
            db,
            "SELECT s.project, s.session_id, epoch_ns(min(s.start_time)) AS first, epoch_ns(max(s.start_time)) AS last"
            f" FROM span_log s WHERE {where} AND s.session_id = ? GROUP BY ALL ORDER BY last DESC LIMIT 1",
            [*parameters, session_id],
        )
        rows = _rows(db, store.trace_blocks, found)
    if not rows:
        return None
    quoted = session_id.replace("'", "''")
    traces = list_traces(
        store,
        project=rows[0]["project"],
        filter=f"session_id = '{quoted}'",
        order_by="start_time asc",
        limit=limit,
        cursor=cursor,
    )
    return {**rows[0], "traces": traces.items, "next_cursor": traces.next_cursor}


def _find(
    db: duckdb.DuckDBPyConnection, project: str | None, condition: TraceFilter | None, after: Cursor | None, wanted: int
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for lower in _windows(db, condition, after):
        spans, parameters = _by_spans(project, lower) if condition is None else _by_traces(project, condition)
        beyond, values = ("true", []) if after is None else LAST_FIRST.beyond("g", KEYS, after)
        found += fetch(
            db,
            f"SELECT g.* FROM ({spans}) g WHERE {beyond} ORDER BY {LAST_FIRST.sql('g', KEYS)} LIMIT ?",
            [*parameters, *values, wanted - len(found)],
        )
        if len(found) >= wanted:
            break
        after = after if lower is None else [lower, "", ""]
    return found


def _find_ordered(
    db: duckdb.DuckDBPyConnection,
    project: str | None,
    condition: TraceFilter,
    order: Order,
    after: Cursor | None,
    wanted: int,
) -> list[dict[str, Any]]:
    """Which sessions, each summed up: another order than by their last sign of life is known only of all of them."""
    value = ORDERS.get(order.column, "epoch_ns(max(t.last_start))")
    sessions, parameters = _by_traces(project, condition, value)
    by_value = Order("value", order.direction)
    beyond, values = ("true", []) if after is None else by_value.beyond("g", KEYS, after)
    return fetch(
        db,
        f"SELECT g.* FROM ({sessions}) g WHERE {beyond} ORDER BY {by_value.sql('g', KEYS)} LIMIT ?",
        [*parameters, *values, wanted],
    )


def _windows(
    db: duckdb.DuckDBPyConnection, condition: TraceFilter | None, after: Cursor | None
) -> Iterator[int | None]:
    # The newest span of a session is the newest however far back the others are, so windows show each at its place.
    return windows_back(db, before=number_in(after) if after else None) if condition is None else iter([None])


def _by_spans(project: str | None, lower: int | None) -> tuple[str, list[Any]]:
    where, parameters = within(project, "s")
    if lower is not None:
        where, parameters = f"{where} AND s.start_time >= make_timestamp_ns(?)", [*parameters, lower]
    return (
        "SELECT s.project, s.session_id, epoch_ns(min(s.start_time)) AS first, epoch_ns(max(s.start_time)) AS last"
        f" FROM span_log s WHERE {where} AND s.session_id IS NOT NULL GROUP BY ALL"
    ), parameters


def _by_traces(project: str | None, condition: TraceFilter, value: str = "NULL") -> tuple[str, list[Any]]:
    """SQL of the sessions with a trace that matches; `value`: what else is to be known, over the traces `t`."""
    where, parameters = within(project, "s")
    if condition.probe is not None:
        probe = condition.probe.condition
        where += f" AND s.trace_id IN (SELECT s.trace_id FROM span_log s WHERE {where} AND {probe.sql})"
        parameters = [*parameters, *parameters, *probe.parameters]
    of_value = {name for name in FIELDS if f"t.{name}" in value}
    traces = summed_up(
        sorted({"session_id", "start_time", *of_value, *condition.fields} - {"project", "trace_id"}),
        where,
        span_conditions=[each.sql for each in condition.span_conditions],
        project=project,
    )
    return (
        "SELECT t.project, t.session_id, epoch_ns(min(t.start_time)) AS first, epoch_ns(max(t.last_start)) AS last,"
        f" {value} AS value FROM ({traces}) t WHERE t.session_id IS NOT NULL AND {condition.condition.sql} GROUP BY ALL"
    ), [
        *(value for each in condition.span_conditions for value in each.parameters),
        *parameters,
        *condition.condition.parameters,
    ]


def _rows(db: duckdb.DuckDBPyConnection, blocks: TraceBlocks, found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The sessions' rows in the order given, summed up over all the spans of their traces."""
    if not found:
        return []
    named = [list({each[name] for each in found}) for name in ("session_id", "project")]
    of_sessions = (
        "SELECT s.trace_id FROM span_log s"
        " WHERE s.session_id IN (SELECT unnest(?::VARCHAR[])) AND s.project IN (SELECT unnest(?::VARCHAR[]))"
    )
    traces = [one for (one,) in db.execute(f"{of_sessions} GROUP BY ALL LIMIT {MANY_TRACES}", named).fetchall()]
    if len(traces) < MANY_TRACES:
        among, parameters = f"SELECT unnest(?::VARCHAR[])) AND {blocks.condition(db, traces)}", [traces]
    else:
        among, parameters = f"{of_sessions})", named
    spans = summed_up(FIELDS, f"s.project IN (SELECT unnest(?::VARCHAR[])) AND s.trace_id IN ({among}")
    rows = fetch(db, f"SELECT {SUMS} FROM ({spans}) t GROUP BY t.project, t.session_id", [named[1], *parameters])
    by_key = {(row["project"], row["session_id"]): row for row in rows}
    wanted = [by_key[key] for each in found if (key := (each["project"], each["session_id"])) in by_key]
    last = trace_rows(
        db, [TraceKey(r["project"], r["last_trace_id"], r["last_start"], r["last_span_start"]) for r in wanted]
    )
    texts = {(row["project"], row["trace_id"]): row for row in last}
    return [_readable(row, texts.get((row["project"], row["last_trace_id"]), {})) for row in wanted]


def _readable(row: dict[str, Any], last: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in row.items() if name not in ("last_start", "last_span_start")}
    times = {name: iso_time(row[name]) for name in ("start_time", "end_time")}
    duration_ms = (row["end_time"] - row["start_time"]) / 1e6
    texts = {"last_input": last.get("input"), "last_output": last.get("output")}
    return {**kept, **times, "duration_ms": duration_ms, "user_ids": row["user_ids"] or [], **texts}
