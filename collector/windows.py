"""How far back to look: a page of the newest is mostly found within minutes, so the search goes back step by step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import duckdb

from assay.collector.filter import Compiled
from assay.collector.paging import fetch

FIRST_NS = 60 * 10**9
GROWTH = 16


def windows_back(
    db: duckdb.DuckDBPyConnection,
    *,
    before: int | None,
    earliest: Sequence[Compiled] = (),
    latest: Sequence[Compiled] = (),
) -> Iterator[int | None]:
    """Times back to which to look, one after the other, in nanoseconds; None: to the beginning.

    Args:
        before: where the search starts; at the newest span when None.
        earliest: bounds below which nothing is wanted.
        latest: bounds above which nothing is wanted.
    """
    [(oldest, newest)] = db.execute(
        "SELECT epoch_ns(min(start_time)), epoch_ns(max(start_time)) FROM span_log"
    ).fetchall()
    if oldest is None:
        return
    first, last = moment(db, earliest, "max"), moment(db, latest, "min")
    start = min(time for time in (newest, before, last) if time is not None)
    end = oldest if first is None else max(oldest, first)
    width = FIRST_NS
    while (lower := start - width) > end:
        yield lower
        width *= GROWTH
    yield None if end == oldest else end


def moment(db: duckdb.DuckDBPyConnection, times: Sequence[Compiled], pick: str) -> int | None:
    """The largest ("max") or smallest ("min") of some times, in nanoseconds; None when there is none."""
    if not times:
        return None
    values = ", ".join(f"({time.sql})::TIMESTAMP_NS" for time in times)
    parameters = [parameter for time in times for parameter in time.parameters]
    [row] = fetch(db, f"SELECT epoch_ns(list_{pick}([{values}])) AS moment", parameters)
    return None if row["moment"] is None else int(row["moment"])
