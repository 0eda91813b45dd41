"""Reading with open spans among the ended ones.

Within `open_beside`, a temporary view stands before `span_log` that also has what was announced and has not arrived: as
though it ended now, with the status `in_progress`; or when its process was heard of last, with `interrupted`. So every
question can be asked of it in the words in which it is asked otherwise. `shown_open` then says that there is no end.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import duckdb

from assay.collector.open_index import OpenIndex
from assay.collector.open_spans import IN_PROGRESS, INTERRUPTED, SAME_SPAN, ended_columns

OPEN_STATUSES = (IN_PROGRESS, INTERRUPTED)
TRACE_ID = re.compile("[0-9a-f]{32}")


@contextmanager
def open_beside(
    db: duckdb.DuckDBPyConnection,
    index: OpenIndex,
    trace_ids: Iterable[str] | None = None,
    *,
    ended: bool = True,
    since: int | None = None,
) -> Iterator[None]:
    """Within it, `span_log` has the open spans as well; and where `trace_ids` are given, nothing but their spans.

    Args:
        ended: False leaves out all that have ended.
        since: leaves out those that started before, in nanoseconds.
    """
    if not index:
        yield
        return
    known = None if trace_ids is None else set(trace_ids)
    started = index.started(known)
    db.execute(f"CREATE OR REPLACE TEMP VIEW span_log AS {_both(db, known, started, ended=ended, since=since)}")
    try:
        yield
    finally:
        db.execute("DROP VIEW temp.span_log")


def _both(
    db: duckdb.DuckDBPyConnection,
    trace_ids: set[str] | None,
    started: tuple[int, int],
    *,
    ended: bool,
    since: int | None,
) -> str:
    """What the view selects.

    Args:
        started: between which times, in nanoseconds, open spans have started: those that have arrived are there too.
    """
    [(catalog,)] = db.execute("SELECT current_database()").fetchall()
    main = f'"{catalog}".main'
    among = "true" if trace_ids is None else f"trace_id IN ({_literals(trace_ids)})"
    ended_ones = among if ended else "false"
    if since is not None:
        ended_ones += f" AND start_time >= make_timestamp_ns({since})"
    end = f"coalesce(o.lost_at, make_timestamp_ns({time.time_ns()}))"
    within = "start_time BETWEEN make_timestamp_ns({}) AND make_timestamp_ns({})".format(*started)
    return (
        f"SELECT * FROM {main}.span_log WHERE {ended_ones} UNION ALL BY NAME"
        f" SELECT * EXCLUDE (instance, lost_at) REPLACE ({ended_columns(end)},"
        f" CASE WHEN o.lost_at IS NULL THEN '{IN_PROGRESS}' ELSE '{INTERRUPTED}' END AS status)"
        f" FROM {main}.open_span_log o WHERE {among} AND {within} AND NOT EXISTS ("
        f"SELECT 1 FROM (SELECT project, trace_id, span_id, start_time FROM {main}.span_log"
        f" WHERE {among} AND {within}) s WHERE {SAME_SPAN.format(a='s', b='o')} AND s.start_time = o.start_time)"
    )


def _literals(trace_ids: Iterable[str]) -> str:
    """Ids as SQL writes them; a view takes no parameters."""
    known = sorted({trace_id for trace_id in trace_ids if TRACE_ID.fullmatch(trace_id)})
    return ", ".join(f"'{trace_id}'" for trace_id in known) or "NULL"


def shown_open(item: dict[str, Any]) -> dict[str, Any]:
    """A span or a trace as readers see it: what is open, or was never ended, has no end."""
    return {**item, "end_time": None} if item.get("status") in OPEN_STATUSES else item
