"""How much there is: spans per bucket of time, and when the newest one started. What to know before looking closer."""

from __future__ import annotations

from assay.collector.paging import started_in, within
from assay.collector.stats import BUCKETS
from assay.collector.store import SpanStore


def span_counts(store: SpanStore, *, project: str, start: int, end: int, bucket: str) -> dict[int, int]:
    """Start of a bucket, in nanoseconds -> spans that start in it; of those buckets that have any."""
    where, parameters = within(project, "s")
    in_time, times = started_in(start, end)
    sql = (
        f"SELECT epoch_ns(time_bucket(INTERVAL '{BUCKETS[bucket]}', s.start_time::TIMESTAMP)) AS time, count(*)"
        f" FROM span_log s WHERE {where} AND {in_time} GROUP BY ALL"
    )
    with store.read() as db:
        return dict(db.execute(sql, [*parameters, *times]).fetchall())


def time_span(store: SpanStore, project: str) -> tuple[int, int] | None:
    """When the oldest and the newest span of a project started, in nanoseconds; None: there is none."""
    where, parameters = within(project, "s")
    sql = f"SELECT epoch_ns(min(s.start_time)), epoch_ns(max(s.start_time)) FROM span_log s WHERE {where}"
    with store.read() as db:
        [(oldest, newest)] = db.execute(sql, parameters).fetchall()
    return None if oldest is None else (oldest, newest)
