"""Spans: lists of them, one of them, and those of a trace, whole and in pages that stay readable in size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import duckdb
import orjson

from assay.collector.columns import PUBLIC_COLUMNS
from assay.collector.filter import Compiled, compile_filter, time_bounds
from assay.collector.listed import listed_span
from assay.collector.near import narrowed, slices, started_between
from assay.collector.open_view import open_beside, shown_open
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
    readable,
    within,
)
from assay.collector.scores import SCORE_COLUMNS
from assay.collector.store import SpanStore
from assay.collector.trace_blocks import ANYWHERE, TraceBlocks
from assay.collector.trace_memory import Reading
from assay.collector.trace_rows import TraceKey, trace_rows
from assay.collector.whole import stored_columns, whole_spans
from assay.collector.windows import moment

SPAN_COLUMNS = (*stored_columns(PUBLIC_COLUMNS), "dropped_attributes_count", "scope_name", "scope_version", "span_kind")
KEYS = ("span_id", "trace_id", "project")
MAX_SPANS_PER_PAGE = 5000
MAX_PAGE_BYTES = 4_000_000
FIELDS_BYTES = 1_500  # of the names and short values of one span
SPANS_AT_ONCE = 500


def list_spans(
    store: SpanStore,
    *,
    project: str | None,
    filter: str | None = None,
    order_by: str | None = None,
    limit: int = 100,
    cursor: str | None = None,
) -> Page:
    """Spans that match, newest first unless `order_by` says otherwise.

    Raises:
        InvalidRequest: the filter, the order or the cursor cannot be read.
    """
    condition, bounds = compile_filter(filter, "spans", "s"), time_bounds(filter)
    order, after = order_of(order_by, "spans"), decode_cursor(cursor, len(KEYS))
    with store.read() as db:
        found = _find(db, store.trace_blocks, project, condition, bounds, order, after, limit + 1)
        still_open: list[dict[str, Any]] = []
        if store.open_spans.of(project):
            with open_beside(db, store.open_spans, ended=False):
                still_open = _find(db, None, project, condition, bounds, order, after, limit + 1)
        found = order.merged(found, still_open, KEYS)[: limit + 1]
        with open_beside(db, store.open_spans) if still_open else nullcontext():
            items = list(_within_budget(_read_by_row(db, found[:limit])))
    more = len(found) > len(items)
    next_cursor = encode_cursor([found[len(items) - 1][key] for key in ("value", *KEYS)]) if more and items else None
    return Page(items, next_cursor)


def _find(
    db: duckdb.DuckDBPyConnection,
    blocks: TraceBlocks | None,
    project: str | None,
    condition: Compiled,
    bounds: tuple[Sequence[Compiled], Sequence[Compiled]],
    order: Order,
    after: Cursor | None,
    wanted: int,
) -> list[dict[str, Any]]:
    """Which spans, by narrow columns alone. `blocks`: of the table, where it is that which is asked."""
    earliest, latest = bounds
    lower, upper = moment(db, earliest, "max"), moment(db, latest, "min")
    where = Compiled(*within(project, "s"))
    if after is not None:
        where = where.joined("AND", Compiled(*order.beyond("s", KEYS, after)))
        if order.newest_first:  # says no more than the cursor, but lets the database leave out what is newer
            upper = number_in(after) if upper is None else min(upper, number_in(after))
    value = f"epoch_ns(s.{order.column})" if order.column in TIME_COLUMNS else f"s.{order.column}"
    found: list[dict[str, Any]] = []
    looked_at = [(lower, upper)] if blocks is None or not order.newest_first else slices(db, blocks, (lower, upper))
    for low, high in looked_at:
        among = where.joined("AND", started_between("s", low, high))
        matching = narrowed(db, among, condition)
        found += fetch(
            db,
            f"SELECT s.row_id, s.project, s.trace_id, s.span_id, {value} AS value FROM span_log s"
            f" WHERE {matching.sql} ORDER BY {order.sql('s', KEYS)} LIMIT ?",
            [*matching.parameters, wanted - len(found)],
        )
        if len(found) == wanted:
            break
    return found


def _read_by_row(db: duckdb.DuckDBPyConnection, found: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """These spans whole, in their order, read some at a time."""
    for first in range(0, len(found), SPANS_AT_ONCE):
        some = found[first : first + SPANS_AT_ONCE]
        rows = fetch(
            db,
            # A join: long columns are read for its rows alone, but for much around them with a list of numbers.
            f"SELECT row_id, {', '.join(SPAN_COLUMNS)} FROM span_log WHERE row_id IN (SELECT unnest(?::BIGINT[]))",
            [[each["row_id"] for each in some]],
        )
        whole = {row.pop("row_id"): row for row in whole_spans(db, rows)}
        yield from (shown_open(readable(whole[each["row_id"]])) for each in some if each["row_id"] in whole)


def _within_budget(spans: Iterator[dict[str, Any]], limit: int = MAX_SPANS_PER_PAGE) -> Iterator[dict[str, Any]]:
    """As many as one answer should carry, but one at least; of what is too large for any list, the beginning.

    It counts with its whole size all the same, for whole it was read.
    """
    n_bytes = 0
    for number, span in enumerate(spans):
        size = _size(span)
        n_bytes += size
        if number and (n_bytes > MAX_PAGE_BYTES or number >= limit):
            return
        yield listed_span(span, size)


def _size(value: Any) -> int:
    """About how many bytes a value takes as JSON."""
    return FIELDS_BYTES + len(orjson.dumps(value))


# One trace --------------------------------------------------------------------------------------------------------


@contextmanager
def trace_beside(db: duckdb.DuckDBPyConnection, store: SpanStore, trace_id: str) -> Iterator[str]:
    """Within it, a trace that has open spans has them in `span_log`. Gives SQL that holds for each span `s` of it."""
    if any(trace_id == each for _, each in store.open_spans.traces):
        with open_beside(db, store.open_spans, [trace_id]):
            yield ANYWHERE
    else:
        yield store.trace_blocks.condition(db, [trace_id])


def find_trace(db: duckdb.DuckDBPyConnection, trace_id: str, project: str | None, lies: str) -> TraceKey | None:
    """The trace of this id, the latest where several projects have one; None when there is none.

    Args:
        lies: what `trace_beside` gave.
    """
    where, parameters = within(project, "s")
    rows = db.execute(
        "SELECT s.project, s.trace_id, epoch_ns(min(s.start_time)), epoch_ns(max(s.start_time)) FROM span_log s"
        f" WHERE {where} AND s.trace_id = ? AND {lies} GROUP BY ALL ORDER BY 3 DESC LIMIT 1",
        [*parameters, trace_id],
    ).fetchall()
    return TraceKey(*rows[0]) if rows else None


def trace_row(
    db: duckdb.DuckDBPyConnection, store: SpanStore, memory: Reading, key: TraceKey, *, many_spans: bool = False
) -> dict[str, Any]:
    """The row of a trace that `find_trace` gave within `trace_beside`; `many_spans` as for `trace_rows`."""
    if key.of in store.open_spans.traces:
        [row] = trace_rows(db, [key], many_spans=many_spans)
        return row
    if known := memory.known([key.of]):
        return known[key.of]
    rows = trace_rows(db, [key], many_spans=many_spans)
    memory.keep(rows)
    return rows[0]


def get_trace(
    store: SpanStore,
    trace_id: str,
    *,
    project: str | None = None,
    limit: int = MAX_SPANS_PER_PAGE,
    cursor: str | None = None,
) -> dict[str, Any] | None:
    """One trace row with `spans` in start order and `scores` in full; None when there is no such trace.

    A page ends after `limit` spans, or where it would grow beyond a few megabytes.
    """
    after = decode_cursor(cursor)
    with (
        store.read() as db,
        store.trace_memory.reading() as memory,
        trace_beside(db, store, trace_id) as lies,
    ):
        key = find_trace(db, trace_id, project, lies)
        if key is None:
            return None
        row = trace_row(db, store, memory, key)
        found = _spans_of(db, key, after, limit + 1)
        spans = list(_within_budget(_read_by_row(db, found[:limit])))
        scores = scores_of(db, key)
    more = len(found) > len(spans)
    last = found[len(spans) - 1] if spans else None
    return {
        **row,
        "spans": spans,
        "scores": scores,
        "next_cursor": encode_cursor([last["start"], last["span_id"]]) if more and last else None,
    }


def scores_of(db: duckdb.DuckDBPyConnection, key: TraceKey) -> list[dict[str, Any]]:
    """Every score of a trace and of its spans, the oldest first."""
    rows = fetch(
        db,
        f"SELECT {', '.join(SCORE_COLUMNS)} FROM scores WHERE trace_id = ? AND project = ? ORDER BY created_at, id",
        [key.trace_id, key.project],
    )
    return [readable(score) for score in rows]


def _spans_of(db: duckdb.DuckDBPyConnection, key: TraceKey, after: Cursor | None, wanted: int) -> list[dict[str, Any]]:
    where, parameters = of_trace(key)
    if after is not None:
        where += " AND (s.start_time, s.span_id) > (make_timestamp_ns(?), ?)"
        parameters += after
    return fetch(
        db,
        f"SELECT s.row_id, s.span_id, epoch_ns(s.start_time) AS start FROM span_log s WHERE {where}"
        " ORDER BY s.start_time, s.span_id LIMIT ?",
        [*parameters, wanted],
    )


def of_trace(key: TraceKey) -> tuple[str, list[Any]]:
    """The condition that a span `s` belongs to a trace, and its parameters."""
    return (
        "s.start_time BETWEEN make_timestamp_ns(?) AND make_timestamp_ns(?) AND s.trace_id = ? AND s.project = ?",
        [key.start, key.last_start, key.trace_id, key.project],
    )


def get_span(store: SpanStore, trace_id: str, span_id: str, *, project: str | None = None) -> dict[str, Any] | None:
    """One span, whole; None when there is none."""
    where, parameters = within(project, "s")
    with store.read() as db, trace_beside(db, store, trace_id) as lies:
        found = fetch(
            db,
            f"SELECT s.row_id FROM span_log s WHERE {where} AND s.trace_id = ? AND s.span_id = ? AND {lies}"
            " ORDER BY s.row_id DESC LIMIT 1",
            [*parameters, trace_id, span_id],
        )
        return next(_read_by_row(db, found), None)
