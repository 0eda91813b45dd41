"""What stands beside a list of traces or spans: how many there are over time, and which values they have.

Bounded, however large the store: where the time asked for holds many spans, the values, and with a filter that is not
selective the bars too, are counted among the newest, and `since` says from when on. Without a filter the bars of many
traces are counted by first spans, `by_roots`: a trace whose first span never arrived is not among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import duckdb

from assay.collector.filter import Compiled, Target, compile_filter, compile_trace_filter
from assay.collector.filter_probe import RANK_EQUAL, Probe
from assay.collector.list_counts import counts
from assay.collector.near import bounded, narrowed, with_content_of
from assay.collector.open_view import open_beside
from assay.collector.store import SpanStore
from assay.collector.trace_sql import summed_up

MANY_SPANS = 60_000  # so many are looked at whole
FEW_ROWS = 2_000  # of the list: so many are counted here, where the database would take longer
FEW_MATCHES = 20_000  # spans that match: their traces are looked at wherever they are
MOST_BARS = 60
AROUND_NS = 3600 * 10**9  # spans of a trace are looked for so long beyond the time in which it starts
WIDTHS_S = (1, 5, 10, 30, 60, 300, 900, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600)
DAYS = (1, 2, 7, 14, 28, 91, 182, 364)
FIELDS = ("start_time", "status", "name", "user_id", "tags", "models", "environment")
FACETS = {  # facet -> its column
    "status": "status",
    "model": "models",
    "name": "name",
    "user": "user_id",
    "tag": "tags",
    "environment": "environment",
}
SPAN_FACETS = {"kind": "kind", **FACETS}


@dataclass(frozen=True, slots=True)
class Bar:
    """What starts in `width_ns` from `start_ns` on."""

    start_ns: int
    width_ns: int
    ok: int
    errors: int


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a facet; `part` is what a score with this name says, where that is true or false."""

    value: str
    count: int
    part: str | None = None


@dataclass(frozen=True, slots=True)
class ListFigures:
    bars: list[Bar] = field(default_factory=list)
    facets: dict[str, list[Value]] = field(default_factory=dict)
    bars_since: int | None = None  # None: of all that match
    facets_since: int | None = None
    by_roots: bool = False


@dataclass(frozen=True, slots=True)
class _Asked:
    of: Target
    project: str
    filter: str | None
    start: int
    end: int
    none_nested: bool
    few_rows: bool


def list_figures(
    store: SpanStore, of: Target, *, project: str, filter: str | None, start: int | None, end: int | None
) -> ListFigures:
    """Bars and values of what matches and starts between two times, in nanoseconds.

    Raises:
        InvalidRequest: the filter cannot be read.
    """
    with store.read() as db:
        none_nested = not store.open_spans and store.nested_calls.none(db)
        with open_beside(db, store.open_spans):
            return _figures(db, of, project, filter, start, end, none_nested=none_nested)


def _figures(
    db: duckdb.DuckDBPyConnection,
    of: Target,
    project: str,
    filter: str | None,
    start: int | None,
    end: int | None,
    *,
    none_nested: bool,
) -> ListFigures:
    within = bounded(project, start, None if end is None else end - 1)
    [(n_spans, n_roots, first, last, lowest, highest)] = db.execute(
        "SELECT count(*), count(*) FILTER (WHERE s.parent_span_id IS NULL), epoch_ns(min(s.start_time)),"
        f" epoch_ns(max(s.start_time)), min(s.row_id), max(s.row_id) FROM span_log s WHERE {within.sql}",
        within.parameters,
    ).fetchall()
    if not n_spans:
        return ListFigures()
    few_rows = (n_roots if of == "traces" else n_spans) <= FEW_ROWS
    asked = _Asked(of, project, filter, first, last + 1, none_nested, few_rows)
    width = bar_width(first, last)
    if n_spans <= MANY_SPANS:
        return _counted(db, asked, width, None)
    probe = compile_trace_filter(filter).probe if of == "traces" else None
    if probe is not None and probe.rank <= RANK_EQUAL and _matches(db, within, probe) <= FEW_MATCHES:
        return _counted(db, asked, width, None, probe=probe)
    since = _newest(db, within, max(lowest, highest - MANY_SPANS))
    figures = _counted(db, asked, bar_width(since, last), since)
    if filter is not None and filter.strip():
        return figures
    bars = _bars_by_roots(db, asked, width) if of == "traces" else _bars_of_spans(db, asked, width)
    return ListFigures(bars, figures.facets, facets_since=since, by_roots=of == "traces")


def bar_width(first: int, last: int) -> int:
    """The width of a bar, in nanoseconds, with which some sixty at most reach from the first to the last."""
    widths = (*WIDTHS_S, *(days * 86_400 for days in DAYS))
    fitting = (width for width in widths if (last - first) // (width * 10**9) < MOST_BARS)
    seconds = next(fitting, -(-(last - first) // (MOST_BARS * 10**9)))
    return seconds * 10**9


def _matches(db: duckdb.DuckDBPyConnection, within: Compiled, probe: Probe) -> int:
    where = within.joined("AND", probe.condition)
    [(n,)] = db.execute(f"SELECT count(*) FROM span_log s WHERE {where.sql}", where.parameters).fetchall()
    return int(n)


def _newest(db: duckdb.DuckDBPyConnection, within: Compiled, row_id: int) -> int:
    """When the newest of these spans start, of which as many are looked at as are whole; approximately.

    Args:
        row_id: about so many rows are above it.
    """
    [(since,)] = db.execute(
        f"SELECT epoch_ns(min(s.start_time)) FROM span_log s WHERE {within.sql} AND s.row_id > ?",
        [*within.parameters, row_id],
    ).fetchall()
    [(exact,)] = db.execute(
        "SELECT epoch_ns(min(start_time)) FROM (SELECT s.start_time FROM span_log s"
        f" WHERE {within.sql} AND s.start_time >= make_timestamp_ns(?) ORDER BY s.start_time DESC LIMIT ?)",
        [*within.parameters, since, MANY_SPANS],
    ).fetchall()
    return int(exact)


def _counted(
    db: duckdb.DuckDBPyConnection, asked: _Asked, width: int, since: int | None, *, probe: Probe | None = None
) -> ListFigures:
    rows = _traces(db, asked, since, probe) if asked.of == "traces" else _spans(db, asked, since)
    facets = FACETS if asked.of == "traces" else SPAN_FACETS
    found = counts(db, rows, facets, width, asked.project, few=asked.few_rows)
    values = [(facet, Value(value, n, part)) for facet, value, part, n in found if facet != "bar"]
    values.sort(key=lambda one: (-one[1].count, one[1].value, one[1].part or ""))
    return ListFigures(
        _bars([(int(value), part, n) for facet, value, part, n in found if facet == "bar"], width),
        {name: [value for facet, value in values if facet == name] for name in (*facets, "score")},
        bars_since=since,
        facets_since=since,
    )


def _bars(counts: Sequence[tuple[int, str | None, int]], width: int) -> list[Bar]:
    """All bars from the first that holds something to the last, the empty ones among them."""
    if not counts:
        return []
    sums: dict[tuple[int, bool], int] = {}
    for place, part, n in counts:
        sums[place, part == "error"] = sums.get((place, part == "error"), 0) + n
    places = [place for place, _ in sums]
    return [
        Bar(place * width, width, sums.get((place, False), 0), sums.get((place, True), 0))
        for place in range(min(places), max(places) + 1)
    ]


def _traces(db: duckdb.DuckDBPyConnection, asked: _Asked, since: int | None, probe: Probe | None) -> Compiled:
    """The traces that match, one row each."""
    condition = compile_trace_filter(asked.filter)
    probe = probe or condition.probe
    lower = asked.start if since is None else since
    where = bounded(asked.project, lower - AROUND_NS, asked.end + AROUND_NS)
    span_conditions = [with_content_of(db, each, where) for each in condition.span_conditions]
    if probe is not None:
        among = narrowed(db, where, probe.condition)
        ids = Compiled(f"s.trace_id IN (SELECT s.trace_id FROM span_log s WHERE {among.sql})", among.parameters)
        where = where.joined("AND", ids)
    fields = {*FIELDS, *condition.fields} - {"project", "trace_id"}
    spans = summed_up(
        sorted(fields),
        where.sql,
        span_conditions=[each.sql for each in span_conditions],
        project=asked.project,
        none_nested=asked.none_nested,
    )
    return Compiled(
        f"SELECT t.trace_id, {', '.join(f't.{name}' for name in FIELDS)} FROM ({spans}) t"
        f" WHERE {condition.condition.sql}"
        " AND t.start_time >= make_timestamp_ns(?) AND t.start_time < make_timestamp_ns(?)",
        [
            *(value for each in span_conditions for value in each.parameters),
            *where.parameters,
            *condition.condition.parameters,
            *(lower, asked.end),
        ],
    )


def _spans(db: duckdb.DuckDBPyConnection, asked: _Asked, since: int | None) -> Compiled:
    within = bounded(asked.project, asked.start if since is None else since, asked.end - 1)
    where = narrowed(db, within, compile_filter(asked.filter, "spans", "s"))
    return Compiled(
        "SELECT s.trace_id, s.kind, s.start_time, s.status, s.name, s.user_id, s.tags, s.environment,"
        " [coalesce(s.response_model, s.request_model)] AS models"
        f" FROM span_log s WHERE {where.sql}",
        where.parameters,
    )


def _bars_by_roots(db: duckdb.DuckDBPyConnection, asked: _Asked, width: int) -> list[Bar]:
    return _bars_of(db, asked, width, "s.parent_span_id IS NULL")


def _bars_of_spans(db: duckdb.DuckDBPyConnection, asked: _Asked, width: int) -> list[Bar]:
    return _bars_of(db, asked, width, "true")


def _bars_of(db: duckdb.DuckDBPyConnection, asked: _Asked, width: int, which: str) -> list[Bar]:
    where = bounded(asked.project, asked.start, asked.end - 1)
    counts = db.execute(
        f"SELECT epoch_ns(s.start_time) // {width}, CASE WHEN s.status = 'error' THEN 'error' END, count(*)"
        f" FROM span_log s WHERE {where.sql} AND {which} GROUP BY ALL",
        where.parameters,
    ).fetchall()
    return _bars(counts, width)
