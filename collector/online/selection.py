"""Which traces an online scorer gets: complete ones, of its sample, that match its filter. And which it has judged."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from assay.collector.filter import compile_trace_filter
from assay.collector.online.definition import SAMPLED_ALIKE
from assay.collector.paging import within
from assay.collector.store import SpanStore
from assay.collector.trace_sql import summed_up

LOOKS_BACK_NS = 86_400 * 10**9  # for the spans of a trace that came before its last ones

# A trace is complete when none of its spans is open and none has come for a while. What an evaluation ran is judged
# there, and what a judge did is nobody's answer to a user: scoring that would never end.
COMPLETE = f"""
WITH recent AS (
    SELECT DISTINCT project, trace_id FROM span_log
    WHERE project = $project
        AND received_at > make_timestamp_ns($after) AND received_at <= make_timestamp_ns($until)
        AND ('0x' || left(md5('{SAMPLED_ALIKE}' || trace_id), 8))::UBIGINT / 4294967296.0 < $rate
)
SELECT trace_id FROM span_log s SEMI JOIN recent USING (project, trace_id)
WHERE received_at > make_timestamp_ns($since)
GROUP BY project, trace_id
HAVING max(received_at) <= make_timestamp_ns($until)
    AND NOT bool_or(experiment_id IS NOT NULL)
    AND NOT bool_or(coalesce(kind = 'evaluator', false) AND parent_span_id IS NULL)
    AND NOT EXISTS (SELECT 1 FROM open_span_log o WHERE o.project = s.project AND o.trace_id = s.trace_id)
ORDER BY max(received_at), trace_id
"""


def complete_traces(
    store: SpanStore, *, project: str, filter: str | None, sample_rate: float, after_ns: int, until_ns: int
) -> list[str]:
    """Ids of the traces whose last span came between two times, in the order of that.

    Raises:
        InvalidRequest: the filter cannot be read (any more).
    """
    asked = {
        "project": project,
        "after": after_ns,
        "until": until_ns,
        "since": after_ns - LOOKS_BACK_NS,
        "rate": sample_rate,
    }
    with store.read() as db:
        found = [trace_id for (trace_id,) in db.execute(COMPLETE, asked).fetchall()]
        return found if filter is None or not found else _matching(db, project, filter, found)


def first_received(store: SpanStore, project: str, after_ns: int) -> int | None:
    """When the first span of a project came after a time; None: none has."""
    with store.read() as db:
        [(found,)] = db.execute(
            "SELECT epoch_ns(min(received_at)) FROM span_log WHERE project = ? AND received_at > make_timestamp_ns(?)",
            [project, after_ns],
        ).fetchall()
    return None if found is None else int(found)


def _matching(db: duckdb.DuckDBPyConnection, project: str, filter: str, trace_ids: list[str]) -> list[str]:
    condition = compile_trace_filter(filter)
    where, parameters = within(project, "s")
    rows = summed_up(
        sorted({"start_time", *condition.fields} - {"project", "trace_id"}),
        f"{where} AND s.trace_id IN (SELECT unnest(?::VARCHAR[]))",
        span_conditions=[each.sql for each in condition.span_conditions],
        project=project,
    )
    values = [value for each in condition.span_conditions for value in each.parameters]
    matching = db.execute(
        f"SELECT t.trace_id FROM ({rows}) t WHERE {condition.condition.sql}",
        [*values, *parameters, trace_ids, *condition.condition.parameters],
    ).fetchall()
    kept = {trace_id for (trace_id,) in matching}
    return [trace_id for trace_id in trace_ids if trace_id in kept]


def judged_already(store: SpanStore, project: str, trace_ids: Sequence[str], score_ids: Sequence[str]) -> set[str]:
    """Of some traces, those that have a score whose id begins like one of these."""
    if not score_ids:
        return set()
    width = len(score_ids[0])
    with store.read() as db:
        rows = db.execute(
            "SELECT DISTINCT trace_id FROM score_log WHERE project = ? AND trace_id IN (SELECT unnest(?::VARCHAR[]))"
            f" AND left(id, {width}) IN (SELECT unnest(?::VARCHAR[]))",
            [project, list(trace_ids), list(score_ids)],
        ).fetchall()
    return {trace_id for (trace_id,) in rows}
