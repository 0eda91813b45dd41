"""Figures over many spans or traces: measures, by keys, over time, beside those of the period before.

Tokens and cost count as in the rows of traces: only model calls, and of two calls of one kind, one directly below the
other, only the inner one. So the figures of all groups add up to those of the traces.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb

from assay.collector.filter import compile_filter, compile_trace_filter
from assay.collector.intervals import mean_of
from assay.collector.nested_calls import NestedCalls
from assay.collector.paging import fetch, in_range, iso_time, within
from assay.collector.store import SpanStore
from assay.collector.summed_parts import Part, Sums, added, in_order, largest_first
from assay.collector.trace_sql import MODEL_KINDS, summed_up
from assay.errors import InvalidRequest

MAX_ROWS = 10_000
SKEW_NS = 86_400 * 10**9  # how far a call inside another one may lie from it: it is as long, and clocks differ
TOKENS = (
    *("input_tokens", "output_tokens", "total_tokens"),
    *("cache_read_tokens", "cache_write_tokens", "reasoning_tokens"),
)
RANKS = (50, 90, 95, 99)


def _quantiles(name: str, ranks: Sequence[int], condition: str = "true") -> dict[str, str]:
    """Measures of latency among the spans for which `condition` holds. Equal sums are made once, so all are in one."""
    chosen = "" if condition == "true" else f" FILTER (WHERE {condition})"
    every = f"quantile_cont(s.duration_ms, [{', '.join(str(rank / 100) for rank in ranks)}]){chosen}"
    return {f"{name}latency_p{rank}_ms": f"({every})[{place}]" for place, rank in enumerate(ranks, 1)}


_COMMON = {
    "count": "count(*)",
    "error_count": "count(*) FILTER (WHERE s.status = 'error')",
    "error_rate": "avg((s.status = 'error')::INT)",
    "latency_mean_ms": "avg(s.duration_ms)",
    **_quantiles("", RANKS),
    # Of what took some time: latencies are compared by ratios
    "latency_log_mean": "avg(ln(s.duration_ms)) FILTER (WHERE s.duration_ms > 0)",
    "latency_log_sd": "stddev_samp(ln(s.duration_ms)) FILTER (WHERE s.duration_ms > 0)",
    "sessions": "count(DISTINCT s.session_id)",
    "users": "count(DISTINCT s.user_id)",
}


def _among(name: str, condition: str) -> dict[str, str]:
    """Measures of those spans alone for which `condition` holds."""
    return {
        f"{name}_error_count": f"count(*) FILTER (WHERE {condition} AND s.status = 'error')",
        **_quantiles(f"{name}_", (50, 95, 99), condition),
    }


_IS_ROOT, _IS_TOOL = "s.parent_span_id IS NULL", "s.kind = 'tool'"
MEASURES: dict[str, dict[str, str]] = {
    "spans": {
        **_COMMON,
        "root_count": f"count(*) FILTER (WHERE {_IS_ROOT})",
        **_among("root", _IS_ROOT),
        "tool_calls": f"count(*) FILTER (WHERE {_IS_TOOL})",
        **_among("tool", _IS_TOOL),
        **_among("model", "s.is_model_call"),
        "traces": "count(DISTINCT s.trace_id)",
        "model_calls": "count(*) FILTER (WHERE s.is_model_call)",
        "unpriced_calls": "count(*) FILTER (WHERE s.is_model_call AND s.cost_usd IS NULL)",
        **{name: f"sum(s.{name}) FILTER (WHERE s.is_model_call)::BIGINT" for name in TOKENS},
        "cost_usd": "sum(s.cost_usd) FILTER (WHERE s.is_model_call)",
    },
    "traces": {
        **_COMMON,
        "spans": "sum(s.span_count)::BIGINT",
        **{name: f"sum(s.{name})::BIGINT" for name in TOKENS},
        "cost_usd": "sum(s.cost_usd)",
    },
}


def _each(column: str) -> str:
    """One row for each element of a list, and one for an empty list."""
    return f"unnest(CASE WHEN len(s.{column}) > 0 THEN s.{column} ELSE [NULL] END)"


_SHARED_KEYS = (
    *("project", "name", "status", "service_name", "environment", "release", "session_id", "user_id"),
    *("prompt_name", "prompt_version", "ab_test", "ab_arm", "experiment_id"),
)
# The power of two at or below, from 1 ms on: what is shorter lies in the band of 0
_BAND = "CASE WHEN s.duration_ms >= 1 THEN pow(2, floor(log2(s.duration_ms))) ELSE 0 END"
KEYS: dict[str, dict[str, str]] = {
    "spans": {
        **{name: f"s.{name}" for name in (*_SHARED_KEYS, "kind", "operation", "dialect", "provider", "tool_name")},
        "model": "coalesce(s.response_model, s.request_model)",
        "request_model": "s.request_model",
        "response_model": "s.response_model",
        "tag": _each("tags"),
        "latency_band_ms": _BAND,
    },
    "traces": {
        **{name: f"s.{name}" for name in _SHARED_KEYS},
        "model": _each("models"),
        "tag": _each("tags"),
        "latency_band_ms": _BAND,
    },
}
BUCKETS: dict[str, str] = {
    **{f"{n}m": f"{n} minutes" for n in (1, 5, 15)},
    **{f"{n}h": f"{n} hours" for n in (1, 6)},
    "1d": "1 day",
    **{f"{n}w": f"{7 * n} days" for n in (1, 4, 52)},
}
SCORES = "scores."
OF_MODEL_CALLS = frozenset((*TOKENS, "cost_usd", "model_calls", "unpriced_calls", *_among("model", "")))
ADDS_UP = frozenset(  # a group's is the sum of its buckets'
    (
        *TOKENS,
        *("cost_usd", "model_calls", "unpriced_calls", "count", "error_count", "spans", "root_count"),
        *("root_error_count", "tool_calls", "tool_error_count", "model_error_count"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatsQuery:
    """What is asked. `start` and `end` are nanoseconds since the epoch; groups are ordered by the first measure.

    `trace_filter` is a filter over traces: of spans, too, only those of such traces are counted. `parted_at` adds two
    rows to those of the buckets, without a time: of all before it and, where `is_later`, of all from then on.
    """

    of: str = "spans"
    measures: tuple[str, ...] = ("count",)
    group_by: tuple[str, ...] = ()
    bucket: str | None = None
    parted_at: int | None = None
    filter: str | None = None
    trace_filter: str | None = None
    project: str | None = None
    start: int | None = None
    end: int | None = None
    limit: int = 100

    def checked(self) -> StatsQuery:
        """The query, if it can be answered.

        Raises:
            InvalidRequest: a name in it is not known.
        """
        if self.of not in MEASURES:
            raise _unknown("of", self.of, MEASURES)
        for measure in self.measures:
            if measure not in MEASURES[self.of] and not (measure.startswith(SCORES) and measure != SCORES):
                raise _unknown("measure", measure, [*MEASURES[self.of], "scores.<name>"])
        for key in self.group_by:
            if key not in KEYS[self.of]:
                raise _unknown("group_by", key, KEYS[self.of])
        if self.of == "traces" and self.trace_filter is not None:
            raise InvalidRequest("Of traces, `trace_filter` is `filter`.", hint="Give `filter` alone.")
        if self.bucket is not None and self.bucket not in BUCKETS:
            raise _unknown("bucket", self.bucket, BUCKETS)
        return self

    @property
    def before(self) -> StatsQuery | None:
        """The same over the period before, which is as long; None where there is no start or no end."""
        if self.start is None or self.end is None:
            return None
        return replace(self, start=2 * self.start - self.end, end=self.start)


def _unknown(what: str, given: str, known: Any) -> InvalidRequest:
    return InvalidRequest(f"{what} {given!r} is not known.", hint=f"It is one of: {', '.join(known)}.")


def stats(store: SpanStore, query: StatsQuery, *, previous: bool = False) -> list[dict[str, Any]]:
    """One row per group, or per group and bucket in order of time; with `previous`, each beside the period before.

    Raises:
        InvalidRequest: the query or its filter cannot be read, or the answer would be too long.
    """
    query = query.checked()
    if not previous:
        return [_readable(query, row) for row in _rows(store, query)]
    before = query.before
    if before is None or query.start is None:
        raise InvalidRequest("The period before is known only where `from` and `to` are given.")
    shift = query.start - (before.start or 0)
    earlier = {_key(query, row, shift): row for row in _rows(store, before)}
    rows = _rows(store, query)
    return [{**_readable(query, row), "previous": _values(query, earlier.get(_key(query, row, 0), {}))} for row in rows]


def _key(query: StatsQuery, row: Mapping[str, Any], shift: int) -> tuple[Any, ...]:
    time = row["time"] + shift if query.bucket else None
    return (time, *(row[key] for key in query.group_by))


def _values(query: StatsQuery, row: Mapping[str, Any]) -> dict[str, Any]:
    return {measure: row.get(measure) for measure in query.measures}


def _readable(query: StatsQuery, row: Mapping[str, Any]) -> dict[str, Any]:
    time = {"time": None if row["time"] is None else iso_time(row["time"])} if query.bucket else {}
    if query.parted_at is not None:
        time["is_later"] = row["is_later"]
    return {**time, **{key: row[key] for key in query.group_by}, **_values(query, row)}


# From what is remembered ------------------------------------------------------------------------------------------

# Measures that are told from others which add up
TOLD_FROM = {"error_rate": ("error_count", "count")}


def _from_parts(db: duckdb.DuckDBPyConnection, store: SpanStore, query: StatsQuery) -> list[dict[str, Any]] | None:
    """The rows, from sums over parts of the store; None where they cannot be told from such."""
    needed = tuple(dict.fromkeys(name for measure in query.measures for name in TOLD_FROM.get(measure, (measure,))))
    is_summed = query.trace_filter is None and query.parted_at is None and ADDS_UP.issuperset(needed)
    if query.of != "spans" or not is_summed:
        return None
    condition = compile_filter(query.filter, "spans", "s")
    if "SELECT" in condition.sql or "now()" in condition.sql:  # it holds or not by something else than the span
        return None
    if OF_MODEL_CALLS.intersection(needed) and not store.nested_calls.none(db):
        return None
    measures = {name: MEASURES["spans"][name] for name in needed}

    def ask(part: Part, bounded: bool) -> Sums:
        asked = replace(query, measures=needed) if bounded else replace(query, measures=needed, start=None, end=None)
        source, parameters = _source(db, asked, store.nested_calls, part.where)
        sql = f"{_head(asked, measures)} FROM ({_with_groups(asked, source)}) s GROUP BY ALL"
        n_keys = 1 + len(query.group_by)
        return {
            row[:n_keys]: row[n_keys:] for row in map(tuple, (each.values() for each in fetch(db, sql, parameters)))
        }

    question = (query.project, query.group_by, query.bucket, needed, condition.sql, repr(condition.parameters))
    sums = store.summed_parts.sums(db, question, query.start, query.end, ask)
    return None if sums is None else _of_sums(query, needed, sums)


def _of_sums(query: StatsQuery, needed: Sequence[str], sums: Sums) -> list[dict[str, Any]]:
    """Rows of the largest groups by the first measure, in the order of `_grouped`."""

    def told(values: Sequence[Any]) -> tuple[Any, ...]:
        summed = dict(zip(needed, values, strict=True))
        return tuple(
            summed["error_count"] / summed["count"] if name == "error_rate" and summed["count"] else summed.get(name)
            for name in query.measures
        )

    if query.bucket is None:
        groups = largest_first({group: told(values) for group, values in sums.items()})[: query.limit]
    elif query.group_by:
        totals = added({group[1:]: values} for group, values in sums.items())
        top = set(largest_first({group: told(values) for group, values in totals.items()})[: query.limit])
        groups = sorted((group for group in sums if group[1:] in top), key=in_order)
    else:
        groups = sorted(sums, key=in_order)
    _too_many(groups)
    names = ("time", *query.group_by)
    return [
        {**dict(zip(names, group, strict=True)), **dict(zip(query.measures, told(sums[group]), strict=True))}
        for group in groups
    ]


# SQL --------------------------------------------------------------------------------------------------------------


def _rows(store: SpanStore, query: StatsQuery) -> list[dict[str, Any]]:
    plain = [measure for measure in query.measures if not measure.startswith(SCORES)]
    with store.read() as db:
        if (remembered := _from_parts(db, store, query)) is not None:
            return remembered
        source, parameters = _source(db, query, store.nested_calls)
        rows = _grouped(db, query, source, parameters, {name: MEASURES[query.of][name] for name in plain})
        for measure in query.measures:
            if measure.startswith(SCORES):
                _add_scores(db, query, source, parameters, measure, rows)
    first = query.measures[0]
    if query.bucket is None and first.startswith(SCORES):
        rows.sort(key=lambda row: -((row.get(first) or {}).get("n") or 0))
    return rows


def _grouped(
    db: duckdb.DuckDBPyConnection,
    query: StatsQuery,
    source: str,
    parameters: Sequence[Any],
    measures: Mapping[str, str],
) -> list[dict[str, Any]]:
    """Rows of the largest groups by the first measure."""
    sums = measures or {"count": "count(*)"}
    keys = _keys(query)
    from_groups = f"FROM ({_with_groups(query, source)}) s"
    largest = f'"{next(iter(sums))}" DESC NULLS LAST'
    same = " AND ".join(f"s.{key} IS NOT DISTINCT FROM top.{key}" for key in keys)
    head = _head(query, sums)
    if query.bucket is None or not keys:
        order = ", ".join(["time" if query.bucket else largest, *keys])
        limit = MAX_ROWS + 1 if query.bucket else query.limit
        groups = "ALL" if query.parted_at is None else "GROUPING SETS ((time), (is_later))"
        sql, values_of = f"{head} {from_groups} GROUP BY {groups} ORDER BY {order} LIMIT {limit}", list(parameters)
    elif next(iter(sums)) in ADDS_UP:  # only the largest groups, each over all the time
        # A join, not a window: over two hundred rows each window takes as long as a sixth of the million below it
        total = f'{", ".join(keys)}, sum("{next(iter(sums))}") AS total'
        sql = (
            f"WITH grouped AS MATERIALIZED ({head} {from_groups} GROUP BY ALL),"
            f" top AS (SELECT {total} FROM grouped GROUP BY ALL"
            f" ORDER BY {', '.join(['total DESC NULLS LAST', *keys])} LIMIT {query.limit})"
            f" SELECT s.* FROM grouped s JOIN top ON {same} ORDER BY ALL LIMIT {MAX_ROWS + 1}"
        )
        values_of = list(parameters)
    else:
        named = ", ".join(f"s.{key}" for key in keys)
        top = f'SELECT {named}, {next(iter(sums.values()))} AS "{next(iter(sums))}" {from_groups} GROUP BY ALL'
        top = f"SELECT {', '.join(keys)} FROM ({top}) ORDER BY {', '.join([largest, *keys])} LIMIT {query.limit}"
        sql = f"{head} {from_groups} JOIN ({top}) top ON {same} GROUP BY ALL ORDER BY ALL LIMIT {MAX_ROWS + 1}"
        values_of = [*parameters, *parameters]
    rows = fetch(db, sql, values_of)
    _too_many(rows)
    return [_with_keys(query, row) for row in rows]


def _keys(query: StatsQuery) -> list[str]:
    return [f"k{number}" for number in range(len(query.group_by))]


def _head(query: StatsQuery, sums: Mapping[str, str]) -> str:
    """What is selected from the groups `s`: the start of the bucket, the keys, and the measures."""
    bucket = f"time_bucket(INTERVAL '{BUCKETS[query.bucket]}', s.start_time::TIMESTAMP)" if query.bucket else ""
    time = f"epoch_ns({bucket})" if bucket else "0"
    values = [f'{sql} AS "{name}"' for name, sql in sums.items()]
    if query.parted_at is not None:
        values.insert(0, f"s.start_time >= make_timestamp_ns({in_range(query.parted_at)}) AS is_later")
    return f"SELECT {time} AS time{''.join(f', s.{key} AS {key}' for key in _keys(query))}, {', '.join(values)}"


def _too_many(rows: Sequence[Any]) -> None:
    if len(rows) > MAX_ROWS:
        raise InvalidRequest(
            f"The answer has more than {MAX_ROWS} rows.", hint="Ask for wider buckets, less time or fewer groups."
        )


def _with_keys(query: StatsQuery, row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, **{key: row[f"k{number}"] for number, key in enumerate(query.group_by)}}


def _with_groups(query: StatsQuery, source: str) -> str:
    """`source` with columns k0, k1, …; one step for each, since lists unnested in one step would be zipped."""
    for number, key in enumerate(query.group_by):
        source = f"SELECT s.*, {KEYS[query.of][key]} AS k{number} FROM ({source}) s"
    return source


def _source(
    db: duckdb.DuckDBPyConnection, query: StatsQuery, calls: NestedCalls, part: str = ""
) -> tuple[str, list[Any]]:
    """The rows that are counted, under the alias `s` of whoever asks, and the parameters.

    Args:
        part: of spans, SQL of which rows; all when empty.
    """
    bounds, times = f" AND {part}" if part else "", list[int]()
    for sign, time in ((">=", query.start), ("<", query.end)):
        if time is not None:
            bounds = f"{bounds} AND s.start_time {sign} make_timestamp_ns(?)"
            times.append(in_range(time))
    return _of_spans(db, query, bounds, times, calls) if query.of == "spans" else _of_traces(query, bounds, times)


def _of_spans(
    db: duckdb.DuckDBPyConnection, query: StatsQuery, bounds: str, times: list[int], calls: NestedCalls
) -> tuple[str, list[Any]]:
    condition = compile_filter(query.filter, "spans", "s")
    where, parameters = within(query.project, "s")
    chosen, chosen_parameters = of_chosen_traces(query.project, query.trace_filter, bounds, times)
    spans = f"SELECT s.* FROM span_log s WHERE {where}{bounds} AND {condition.sql}{chosen}"
    values = [*parameters, *times, *condition.parameters, *chosen_parameters]
    if not OF_MODEL_CALLS.intersection(query.measures):
        return spans, values
    each_counts = f"SELECT o.*, o.kind IN {MODEL_KINDS} AS is_model_call FROM ({spans}) o"
    if calls.none(db):
        return each_counts, values
    inside, inside_parameters = within(query.project, "i")
    for sign, time in ((">=", query.start and query.start - SKEW_NS), ("<", query.end and query.end + SKEW_NS)):
        if time is not None:
            inside = f"{inside} AND i.start_time {sign} make_timestamp_ns(?)"
            inside_parameters = [*inside_parameters, in_range(time)]
    # Where it is not these spans that have such calls, that is soon known from numbers; to join the calls takes longer
    nested = db.execute(
        f"SELECT 1 FROM span_log s WHERE {where}{bounds} AND s.kind IN {MODEL_KINDS} AND hash(s.span_id) IN"
        f" (SELECT DISTINCT hash(i.parent_span_id) FROM span_log i WHERE {inside} AND i.kind IN {MODEL_KINDS}"
        " AND i.total_tokens IS NOT NULL AND i.parent_span_id IS NOT NULL) LIMIT 1",
        [*parameters, *times, *inside_parameters],
    ).fetchall()
    if not nested:
        return each_counts, values
    around = (
        f"SELECT DISTINCT i.project, i.trace_id, i.parent_span_id AS span_id, i.kind FROM span_log i WHERE {inside}"
        f" AND i.kind IN {MODEL_KINDS} AND i.total_tokens IS NOT NULL AND i.parent_span_id IN"
        f" (SELECT s.span_id FROM span_log s WHERE {where}{bounds} AND s.kind IN {MODEL_KINDS})"
    )
    marked = (
        f"SELECT o.*, o.kind IN {MODEL_KINDS} AND around.span_id IS NULL AS is_model_call FROM ({spans}) o"
        f" LEFT JOIN ({around}) around ON around.span_id = o.span_id AND around.trace_id = o.trace_id"
        " AND around.kind = o.kind AND around.project = o.project"
    )
    return marked, [*values, *inside_parameters, *parameters, *times]


def of_chosen_traces(
    project: str | None, trace_filter: str | None, bounds: str, times: Sequence[int]
) -> tuple[str, list[Any]]:
    """The condition that a span `s` within the bounds is of a trace for which the filter holds; "" without a filter."""
    if trace_filter is None:
        return "", []
    where, parameters = within(project, "s")
    near = f"s.trace_id IN (SELECT s.trace_id FROM span_log s WHERE {where}{bounds})"
    query = StatsQuery(of="traces", filter=trace_filter, project=project)
    sql, values = _of_traces(query, "", [], among=near, among_parameters=[*parameters, *times])
    if project is None:
        return f" AND (s.project, s.trace_id) IN (SELECT (t.project, t.trace_id) FROM ({sql}) t)", values
    return f" AND s.trace_id IN (SELECT t.trace_id FROM ({sql}) t)", values


def _of_traces(
    query: StatsQuery,
    bounds: str,
    times: list[int],
    *,
    among: str = "true",
    among_parameters: Sequence[Any] = (),
) -> tuple[str, list[Any]]:
    condition = compile_trace_filter(query.filter)
    where, parameters = within(query.project, "s")
    where, parameters = f"{where} AND {among}", [*parameters, *among_parameters]
    if condition.probe is not None:
        where += (
            f" AND s.trace_id IN (SELECT s.trace_id FROM span_log s WHERE {where} AND {condition.probe.condition.sql})"
        )
        parameters = [*parameters, *parameters, *condition.probe.condition.parameters]
    asked = " ".join(
        [
            *(MEASURES["traces"].get(name, "") for name in query.measures),
            *(KEYS["traces"][key] for key in query.group_by),
        ]
    )
    fields = {"start_time", "span_count", *condition.fields}
    fields |= {
        name for name in (*_SHARED_KEYS, *TOKENS, "cost_usd", "models", "tags", "duration_ms") if f"s.{name}" in asked
    }
    rows = summed_up(
        sorted(fields - {"project", "trace_id"}),
        where,
        span_conditions=[each.sql for each in condition.span_conditions],
        project=query.project,
    )
    sql = f"SELECT t.* FROM ({rows}) t WHERE {condition.condition.sql}{bounds.replace('s.start_time', 't.start_time')}"
    span_values = [value for each in condition.span_conditions for value in each.parameters]
    return sql, [*span_values, *parameters, *condition.condition.parameters, *times]


def _add_scores(
    db: duckdb.DuckDBPyConnection,
    query: StatsQuery,
    source: str,
    parameters: Sequence[Any],
    measure: str,
    rows: list[dict[str, Any]],
) -> None:
    """Put the mean of one score, with its interval, into the rows it belongs to."""
    of_span = " AND v.span_id = s.span_id" if query.of == "spans" else ""
    joined = (
        f"SELECT s.*, v.number FROM ({source}) s JOIN scores v ON v.project = s.project AND v.trace_id = s.trace_id"
        f"{of_span} AND v.name = ? AND v.number IS NOT NULL"
    )
    sums = {"n": "count(*)", "mean": "avg(s.number)", "sd": "stddev_samp(s.number)", "low": "min(s.number)"}
    sums |= {"high": "max(s.number)", "binary": "bool_and(s.number IN (0, 1))"}
    everything = replace(query, limit=MAX_ROWS)
    found = _grouped(db, everything, joined, [*parameters, measure.removeprefix(SCORES)], sums)
    known = {_key(query, row, 0): row for row in rows}
    for row in found:
        into = known.get(_key(query, row, 0))
        if into is not None:
            into[measure] = mean_of(row["n"], row["mean"], row["sd"], binary=row["binary"])
