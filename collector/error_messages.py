"""What went wrong most lately: errors by their message, those alike that differ in numbers and ids alone."""

from __future__ import annotations

from typing import Any

from assay.collector.paging import fetch, iso_time, started_in, within
from assay.collector.store import SpanStore

# What makes two messages of one kind differ: ids and numbers
VARYING = r"\b[0-9a-fA-F]{8,}(?:-[0-9a-fA-F]{4,})*\b|\d+(?:\.\d+)?"
LONGEST = 300  # characters of a message that count
SAID = f"left(coalesce(nullif(trim(s.status_message), ''), s.name), {LONGEST})"


def error_messages(store: SpanStore, *, project: str, start: int, end: int, limit: int = 8) -> list[dict[str, Any]]:
    """Rows of `count`, `traces`, `last_time`, and `message`, `trace_id`, `span_id` and `name` of the newest; those that
    came last first. Spans that say nothing of their error stand under their names.
    """
    where, parameters = within(project, "s")
    in_time, times = started_in(start, end)
    sql = (
        f"SELECT regexp_replace({SAID}, ?, '…', 'g') AS alike, count(*) AS count, count(DISTINCT s.trace_id) AS traces,"
        " epoch_ns(max(s.start_time)) AS last_time,"
        f" arg_max({{'message': {SAID}, 'trace_id': s.trace_id, 'span_id': s.span_id, 'name': s.name}}, s.start_time)"
        " AS newest"
        f" FROM span_log s WHERE {where} AND s.status = 'error' AND {in_time}"
        f" GROUP BY 1 ORDER BY last_time DESC, alike LIMIT {limit}"
    )
    with store.read() as db:
        rows = fetch(db, sql, [VARYING, *parameters, *times])
    return [
        {
            **{name: row[name] for name in ("count", "traces")},
            "last_time": iso_time(row["last_time"]),
            **row["newest"],
        }
        for row in rows
    ]
