"""The list of traces: first which ones, from narrow columns; then their rows.

Newest first, the newest traces are looked for, or with a filter the newest spans that match (the database stops where
it has enough of them), and their traces summed up over all of their spans. Whatever trace starts later than the last of
those is among them; if too few traces are left, many more are looked at, and in the end all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import nlargest
from typing import Any

import duckdb

from assay.collector.filter import Compiled, TraceFilter, compile_trace_filter
from assay.collector.filter_probe import RANK_SUM, Probe
from assay.collector.near import Near, bounded, find_near
from assay.collector.open_index import TraceOf
from assay.collector.open_view import open_beside
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
from assay.collector.trace_blocks import ANYWHERE, TraceBlocks
from assay.collector.trace_bounds import AT_MOST, largest
from assay.collector.trace_memory import Reading
from assay.collector.trace_rows import TraceKey, trace_rows
from assay.collector.trace_sql import summed_up
from assay.collector.windows import moment

KEYS = ("trace_id", "project")
ROWS_AT_ONCE = 100
SPANS_PER_TRACE = 10  # looked at first, for each trace that is wanted
LARGEST_PER_TRACE = 8  # looked at in order of what their sums cannot exceed
MANY_TRACES = 4  # looked at then, for each that is wanted
MANY_SPANS = 5_000  # beyond, the database leaves the newest for another way to sort
BEFORE_OPEN_NS = 3600 * 10**9  # so long before a trace's first open span others of it are looked for
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
    opened = store.open_spans.of(project)
    with store.read() as db, store.trace_memory.reading() as memory:
        if opened:
            found = _find_with_open(db, store, opened, project, condition, order, after, limit + 1)
        else:
            found = find_traces(db, store.trace_blocks, project, condition, order, after, limit + 1)
        rows = _rows(db, store, memory, found[:limit], near_in_time=order.newest_first)
    more = len(found) > len(rows)
    last = found[len(rows) - 1] if rows else None
    return Page(rows, encode_cursor([last.value, last.key.trace_id, last.key.project]) if more and last else None)


def _find_with_open(
    db: duckdb.DuckDBPyConnection,
    store: SpanStore,
    opened: Sequence[TraceOf],
    project: str | None,
    condition: TraceFilter,
    order: Order,
    after: Cursor | None,
    wanted: int,
) -> list[_Found]:
    """As `find_traces`, where some traces have open spans: those are asked for apart, and count with what is open."""
    asked = wanted + (len(opened) if len(opened) <= wanted else 0)  # else once more, should it really be needed
    found = find_traces(db, store.trace_blocks, project, condition, order, after, asked)
    not_whole = set(opened)
    ended = [each for each in found if each.key.of not in not_whole]
    if len(ended) < wanted and len(found) == asked:
        found = find_traces(db, store.trace_blocks, project, condition, order, after, wanted + len(opened))
        ended = [each for each in found if each.key.of not in not_whole]
    trace_ids = sorted({trace_id for _, trace_id in opened})
    since = store.open_spans.since(opened) - BEFORE_OPEN_NS
    with open_beside(db, store.open_spans, trace_ids, since=since):
        near = Near(trace_ids, None, complete=True)
        still_open = _candidates(db, project, condition, order, after, near, wanted)
    merged = order.merged(_sortable(ended), _sortable(still_open), KEYS)
    return [row["found"] for row in merged[:wanted]]


def _sortable(found: Sequence[_Found]) -> list[dict[str, Any]]:
    return [
        {"value": each.value, "trace_id": each.key.trace_id, "project": each.key.project, "found": each}
        for each in found
    ]


def _rows(
    db: duckdb.DuckDBPyConnection, store: SpanStore, memory: Reading, found: Sequence[_Found], *, near_in_time: bool
) -> list[dict[str, Any]]:
    """Their rows, or the first of them where they hold more text than one answer should."""
    rows: list[dict[str, Any]] = []
    n_bytes = 0
    for first in range(0, len(found), ROWS_AT_ONCE):
        keys = [each.key for each in found[first : first + ROWS_AT_ONCE]]
        for row in _rows_of(db, store, memory, keys, near_in_time=near_in_time):
            n_bytes += len(row["input"] or "") + len(row["output"] or "")
            if rows and n_bytes > MAX_PAGE_BYTES:
                return rows
            rows.append(row)
    return rows


def _rows_of(
    db: duckdb.DuckDBPyConnection, store: SpanStore, memory: Reading, keys: Sequence[TraceKey], *, near_in_time: bool
) -> list[dict[str, Any]]:
    """Their rows, each from all of its spans, the open ones among them."""
    opened = [key for key in keys if key.of in store.open_spans.traces]
    whole = [key for key in keys if key.of not in store.open_spans.traces]
    known = memory.known(key.of for key in whole)
    rows: list[dict[str, Any]] = []
    if unknown := [key for key in whole if key.of not in known]:
        lies = ANYWHERE if near_in_time else store.trace_blocks.condition(db, [key.trace_id for key in unknown])
        rows = trace_rows(db, unknown, lies)
        memory.keep(rows)
    if opened:
        since = min(key.start for key in opened)
        with open_beside(db, store.open_spans, [key.trace_id for key in opened], since=since):
            rows += trace_rows(db, opened)
    known.update(((row["project"], row["trace_id"]), row) for row in rows)
    return [known[key.of] for key in keys if key.of in known]


# Which traces -----------------------------------------------------------------------------------------------------


def find_traces(
    db: duckdb.DuckDBPyConnection,
    blocks: TraceBlocks,
    project: str | None,
    condition: TraceFilter,
    order: Order,
    after: Cursor | None,
    wanted: int,
) -> list[_Found]:
    """The first `wanted` traces behind the cursor."""
    probe = condition.probe
    if probe is not None and probe.exact and project is not None:
        condition = replace(condition, condition=Compiled(), fields=frozenset(), span_conditions=())
    lower, upper = moment(db, condition.earliest, "max"), moment(db, condition.latest, "min")
    if order.newest_first:
        upper = min((time for time in (upper, number_in(after) if after else None) if time is not None), default=None)
        for seen_by, n_most, enough in _looks(probe, wanted):
            near = find_near(db, blocks, project, seen_by, (lower, upper), n_most, enough)
            found = _first(db, blocks, project, condition, order, after, near, wanted) if near.trace_ids else []
            if len(found) >= wanted or near.complete:
                return found
    elif (largest_found := _largest(db, blocks, project, condition, order, after, wanted)) is not None:
        return largest_found
    return _first(db, blocks, project, condition, order, after, Near([], lower, complete=True), wanted)


def _looks(probe: Probe | None, wanted: int) -> list[tuple[Probe | None, int, int | None]]:
    """How `find_near` is asked, time after time until there are enough: for what, for how many spans (or traces, where
    nothing is asked of spans) at most, and how many traces suffice.
    """
    some, few = wanted + wanted // 4, min(SPANS_PER_TRACE * wanted, MANY_SPANS)
    if probe is None:
        return [(None, some, None), (None, MANY_TRACES * wanted, None)]
    if probe.rank == RANK_SUM:  # sums take long, and many traces may have such anyway
        return [(None, some, None), (probe, MANY_SPANS, some), (probe, MANY_SPANS, None)]
    return [*((each, few, some) for each in (probe, *probe.others)), (probe, MANY_SPANS, None)]


def _largest(
    db: duckdb.DuckDBPyConnection,
    blocks: TraceBlocks,
    project: str | None,
    condition: TraceFilter,
    order: Order,
    after: Cursor | None,
    wanted: int,
) -> list[_Found] | None:
    """The traces with the largest sums, where that can be told from what their sums cannot exceed."""
    filtered = condition.probe is not None or condition.condition.sql != "true"
    if filtered or order.direction != "DESC" or order.column not in AT_MOST:
        return None
    where, parameters = within(project, "s")
    trace_ids, others = largest(db, order.column, where, parameters, LARGEST_PER_TRACE * wanted)
    if others is None or not trace_ids:
        return None
    near = Near(trace_ids, None, complete=False, lies=blocks.condition(db, trace_ids))
    found = _candidates(db, project, condition, order, after, near, wanted)
    enough = len(found) == wanted and found[-1].value is not None and found[-1].value > others
    return found if enough else None


def _first(
    db: duckdb.DuckDBPyConnection,
    blocks: TraceBlocks,
    project: str | None,
    condition: TraceFilter,
    order: Order,
    after: Cursor | None,
    near: Near,
    wanted: int,
) -> list[_Found]:
    """The first traces behind the cursor, without those that started before the spans they were summed up from; fewer
    where more spans have to be looked at anyway.
    """
    found: list[_Found] = []
    while len(found) < wanted:
        batch = _candidates(db, project, condition, order, after, near, wanted)
        if len(found) + len(batch) < wanted and not near.complete:
            break  # the traces of more spans are asked for next: which of these began earlier is of no use, and costs
        late = _started_before(db, blocks, near, batch)
        found += [each for each in batch if (each.key.project, each.key.trace_id) not in late]
        if len(batch) < wanted:
            break
        after = [batch[-1].value, batch[-1].key.trace_id, batch[-1].key.project]
    return found[:wanted]


def _candidates(
    db: duckdb.DuckDBPyConnection,
    project: str | None,
    condition: TraceFilter,
    order: Order,
    after: Cursor | None,
    near: Near,
    wanted: int,
) -> list[_Found]:
    """The first traces behind the cursor, of those given or of all, summed up from spans that start late enough."""
    if near.times is not None and condition.condition.sql == "true":
        return _newest(near.times, after, wanted)
    where = bounded(project, near.since, None).joined("AND", Compiled(near.lies))
    if near.trace_ids:
        where = where.joined("AND", Compiled("s.trace_id IN (SELECT unnest(?::VARCHAR[]))", [near.trace_ids]))
    elif condition.probe is not None:
        probed = where.joined("AND", condition.probe.condition)
        among = Compiled(f"s.trace_id IN (SELECT s.trace_id FROM span_log s WHERE {probed.sql})", probed.parameters)
        where = where.joined("AND", among)
    fields = {"start_time", order.column, *condition.fields} - {"project", "trace_id"}
    spans = summed_up(
        sorted(fields), where.sql, span_conditions=[c.sql for c in condition.span_conditions], project=project
    )
    beyond = Compiled() if after is None else Compiled(*order.beyond("t", KEYS, after))
    wanted_traces = condition.condition.joined("AND", beyond)
    value = f"epoch_ns(t.{order.column})" if order.column in TIME_COLUMNS else f"t.{order.column}"
    rows = fetch(
        db,
        f"SELECT t.project, t.trace_id, epoch_ns(t.start_time) AS start, epoch_ns(t.last_start) AS last_start,"
        f" {value} AS value FROM ({spans}) t WHERE {wanted_traces.sql} ORDER BY {order.sql('t', KEYS)} LIMIT ?",
        [
            *(parameter for each in condition.span_conditions for parameter in each.parameters),
            *where.parameters,
            *wanted_traces.parameters,
            wanted,
        ],
    )
    return [
        _Found(TraceKey(row["project"], row["trace_id"], row["start"], row["last_start"]), row["value"]) for row in rows
    ]


def _newest(times: Mapping[TraceOf, tuple[int, int]], after: Cursor | None, wanted: int) -> list[_Found]:
    """As `_candidates`, where nothing but the order has to be known of the traces."""
    places = ((start, trace_id, project) for (project, trace_id), (start, _) in times.items())
    behind = places if after is None else (place for place in places if place < tuple(after))
    return [
        _Found(TraceKey(project, trace_id, start, times[project, trace_id][1]), start)
        for start, trace_id, project in nlargest(wanted, behind)
    ]


def _started_before(
    db: duckdb.DuckDBPyConnection, blocks: TraceBlocks, near: Near, batch: Sequence[_Found]
) -> set[tuple[str, str]]:
    """Which of these traces have a span before `near.since`: they belong further down, and were summed up in part."""
    if near.since is None or not batch:
        return set()
    trace_ids = [each.key.trace_id for each in batch]
    lies = blocks.condition(db, trace_ids) if near.lies == ANYWHERE else near.lies
    rows = db.execute(
        "SELECT DISTINCT s.project, s.trace_id FROM span_log s WHERE s.start_time < make_timestamp_ns(?)"
        f" AND s.trace_id IN (SELECT unnest(?::VARCHAR[])) AND {lies}",
        [near.since, trace_ids],
    ).fetchall()
    return set(rows)
