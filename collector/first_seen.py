"""When releases and versions of prompts were first seen: the marks in charts over time."""

from __future__ import annotations

from typing import Any

from assay.collector.paging import fetch, in_range, started_in, within
from assay.collector.store import SpanStore

MOST = 50


def first_seen(store: SpanStore, *, project: str, since: int, start: int, end: int) -> list[dict[str, Any]]:
    """What is first seen between `start` and `end` by who looks back to `since`: rows of `time` (nanoseconds) and
    `release`, or `prompt_name` and `prompt_version`; in order of time, at most 50.

    What was there before `since` and came back is taken for new.
    """
    where, parameters = within(project, "s")
    in_time, times = started_in(since, end)
    sql = (
        "SELECT s.release, s.prompt_name, s.prompt_version, epoch_ns(min(s.start_time)) AS time FROM span_log s"
        f" WHERE {where} AND {in_time}"
        " AND (s.release IS NOT NULL OR s.prompt_version IS NOT NULL)"
        " GROUP BY GROUPING SETS ((s.release), (s.prompt_name, s.prompt_version))"
        " HAVING (s.release IS NOT NULL OR (s.prompt_name IS NOT NULL AND s.prompt_version IS NOT NULL))"
        f" AND min(s.start_time) >= make_timestamp_ns(?) ORDER BY time, 1, 2, 3 LIMIT {MOST}"
    )
    with store.read() as db:
        return fetch(db, sql, [*parameters, *times, in_range(start)])
