"""Means of all scores over time, each with its interval: one row per score, and per bucket and group where asked.

A trace with several scores of one name counts once, with their mean. Traces are placed by their root span.
"""

from __future__ import annotations

from typing import Any

from assay.collector.intervals import mean_of
from assay.collector.paging import fetch, in_range, started_in, within
from assay.collector.stats import BUCKETS, KEYS, of_chosen_traces
from assay.collector.store import SpanStore

MOST_ROWS = 10_000
OF_CALLS = frozenset(("model", "prompt_name", "prompt_version", "provider", "tool_name"))
# The view `scores`, of the traces in `r` alone: it would take every score there is to find the newest of each
_NEWEST = (
    "SELECT name, trace_id, CASE json_type(value) WHEN 'BOOLEAN' THEN (value::BOOLEAN)::INT::DOUBLE"
    " WHEN 'VARCHAR' THEN NULL ELSE TRY_CAST(value AS DOUBLE) END AS number"
    " FROM (SELECT name, trace_id, max({'at': created_at, 'id': id, 'value': value}).value AS value FROM score_log"
    " WHERE project = ? AND trace_id IN (SELECT trace_id FROM r)"
    " GROUP BY name, source, author, trace_id, span_id, session_id, experiment_id, item_id, repeat)"
)


def score_stats(
    store: SpanStore,
    *,
    project: str,
    start: int,
    end: int,
    gap: tuple[int, int] | None = None,
    bucket: str | None = None,
    parted_at: int | None = None,
    group_by: tuple[str, ...] = (),
    trace_filter: str | None = None,
) -> list[dict[str, Any]]:
    """Rows of `name`, `time` (nanoseconds, None without buckets or periods), the keys asked for, `n`, `mean`, `sd`,
    `ci_low`, `ci_high`, and `is_binary`: all are 0 or 1.

    `gap` is a time in between that does not count. With `parted_at`, there are two periods in place of buckets: the
    one from `start`, and the one from then on. What only calls have (a model, a prompt) is that of any call of the
    trace, which then counts for each.

    Raises:
        InvalidRequest: the filter cannot be read.
    """
    where, parameters = within(project, "s")
    in_time, times = started_in(start, end, gap)
    bounds = f" AND {in_time}"
    chosen, chosen_parameters = of_chosen_traces(project, trace_filter, bounds, times)
    time = "NULL" if bucket is None else f"epoch_ns(time_bucket(INTERVAL '{BUCKETS[bucket]}', s.start_time::TIMESTAMP))"
    if parted_at is not None:
        time = f"CASE WHEN s.start_time < make_timestamp_ns({in_range(parted_at)}) THEN {start} ELSE {parted_at} END"
    keys = [f"k{number}" for number in range(len(group_by))]
    of_calls = [number for number, key in enumerate(group_by) if key in OF_CALLS]
    of_root = {number: KEYS["spans"][key] for number, key in enumerate(group_by) if key not in OF_CALLS}
    roots = (
        f"SELECT s.trace_id, {time} AS time{''.join(f', {sql} AS k{number}' for number, sql in of_root.items())}"
        f" FROM span_log s WHERE {where}{bounds} AND s.parent_span_id IS NULL{chosen}"
    )
    values = [*parameters, *times, *chosen_parameters]
    calls = ""
    if of_calls:
        named = ", ".join(f"{KEYS['spans'][group_by[number]]} AS k{number}" for number in of_calls)
        there = " AND ".join(f"{KEYS['spans'][group_by[number]]} IS NOT NULL" for number in of_calls)
        # Calls start after their root: how long after is not known, so there is no upper bound
        after = " AND s.start_time >= make_timestamp_ns(?)"
        calls = (
            f" JOIN (SELECT DISTINCT s.trace_id, {named} FROM span_log s WHERE {where}{after} AND {there}) c"
            " ON c.trace_id = r.trace_id"
        )
        values += [*parameters, times[0]]
    picked = "".join(f", {'c' if number in of_calls else 'r'}.k{number}" for number in range(len(group_by)))
    per_trace = (
        f"SELECT v.name, r.time, r.trace_id{picked}, avg(v.number) AS number"
        f" FROM r{calls} JOIN ({_NEWEST}) v ON v.trace_id = r.trace_id WHERE v.number IS NOT NULL GROUP BY ALL"
    )
    grouped = ", ".join(["name", "time", *keys])
    sql = (
        f"WITH r AS MATERIALIZED ({roots})"
        f" SELECT {grouped}, count(*) AS n, avg(number) AS mean, stddev_samp(number) AS sd,"
        f" bool_and(number IN (0, 1)) AS is_binary FROM ({per_trace}) GROUP BY ALL ORDER BY {grouped} LIMIT {MOST_ROWS}"
    )
    with store.read() as db:
        rows = fetch(db, sql, [*values, project])
    return [_row(row, group_by) for row in rows]


def _row(row: dict[str, Any], group_by: tuple[str, ...]) -> dict[str, Any]:
    groups = {key: row[f"k{number}"] for number, key in enumerate(group_by)}
    mean = mean_of(row["n"], row["mean"], row["sd"], binary=row["is_binary"])
    return {"name": row["name"], "time": row["time"], **groups, **mean, "sd": row["sd"], "is_binary": row["is_binary"]}
