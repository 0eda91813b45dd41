"""Which traces to look at for a page of the newest: the newest of all, or those of the newest spans that can make a
trace match.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import duckdb

from assay.collector.columns import LONG_TEXT_COLUMNS
from assay.collector.filter import Compiled
from assay.collector.filter_probe import RANK_SUM, Probe
from assay.collector.filter_text import any_content
from assay.collector.open_index import TraceOf
from assay.collector.paging import within
from assay.collector.trace_blocks import ANYWHERE, TraceBlocks
from assay.collector.trace_bounds import Above

SLICE_GROWTH = 4
SUMS_GROWTH = 16  # where each look is at everything since a time, once more
FEW_TRACES = 500  # of more, spans lie nearly everywhere

Slice = tuple[int | None, int | None]  # times between which spans start, in nanoseconds


@dataclass(frozen=True, slots=True)
class Near:
    """Traces to choose from: all that can match and start at `since` or later. `complete`: there are no others.

    `times`: where every span since then was looked at, of each trace (project and id) when its first and its last one
    start, in nanoseconds.
    """

    trace_ids: list[str]
    since: int | None
    complete: bool
    lies: str = ANYWHERE  # SQL that holds for each span `s` of these traces
    times: dict[TraceOf, tuple[int, int]] | None = None


def find_near(
    db: duckdb.DuckDBPyConnection,
    blocks: TraceBlocks,
    project: str | None,
    probe: Probe | None,
    bounds: Slice,
    n_spans: int,
    enough: int | None,
) -> Near:
    """Traces of the newest spans that can make a trace match which starts within the bounds: those of `n_spans` spans,
    or of all spans since some moment once they are of `enough` traces. Without a probe, the newest `n_spans` traces.
    """
    if probe is None:
        return _newest_traces(db, blocks, project, bounds, n_spans)
    if probe.above is not None:
        return _near_of_sums(db, blocks, project, probe.above, bounds, n_spans, enough)
    found: list[tuple[str, int]] = []
    (since, upper), complete = bounds, True
    at_once = probe.rank == RANK_SUM  # each slice would ask for all of the sums
    for lower, before in [bounds] if at_once else slices(db, blocks, bounds):
        where = narrowed(db, bounded(project, lower, before), probe.condition)
        found += db.execute(
            f"SELECT s.trace_id, epoch_ns(s.start_time) FROM span_log s WHERE {where.sql}"
            " ORDER BY s.start_time DESC LIMIT ?",
            [*where.parameters, n_spans - len(found)],
        ).fetchall()
        if len(found) == n_spans:
            complete, since = False, found[-1][1] + 1
            break
        if enough is not None and lower != bounds[0] and len({trace_id for trace_id, _ in found}) >= enough:
            complete, since = False, lower
            break
    trace_ids = {trace_id for trace_id, _ in found}
    if upper is not None:
        trace_ids.update(_reaching_beyond(db, project, probe.condition, since, upper))
    return Near(list(trace_ids), since, complete, _lies(db, blocks, trace_ids))


def _near_of_sums(
    db: duckdb.DuckDBPyConnection,
    blocks: TraceBlocks,
    project: str | None,
    above: Above,
    bounds: Slice,
    n_traces: int,
    enough: int | None,
) -> Near:
    """As `find_near`, for traces whose sums are large: a trace that starts since some time has all of its spans since.

    Args:
        n_traces: so many of them at most.
    """
    found: list[tuple[str, int]] = []
    (since, upper), complete = bounds, False
    for since, _ in slices(db, blocks, bounds, growth=SUMS_GROWTH):
        where = bounded(project, since, None).joined("AND", Compiled(above.counted))
        if upper is not None:
            begun = bounded(project, since, upper)
            ids = Compiled(f"s.trace_id IN (SELECT s.trace_id FROM span_log s WHERE {begun.sql})", begun.parameters)
            where = where.joined("AND", ids)
        found = db.execute(
            "SELECT s.trace_id, epoch_ns(min(s.start_time)) AS first FROM span_log s"
            f" WHERE {where.sql} GROUP BY s.trace_id HAVING {above.having.sql} ORDER BY first DESC LIMIT ?",
            [*where.parameters, *above.having.parameters, n_traces],
        ).fetchall()
        if len(found) == n_traces:
            since = found[-1][1] + 1
            break
        complete = since == bounds[0]
        if enough is not None and len(found) >= enough:
            break
    trace_ids = [trace_id for trace_id, _ in found]
    return Near(trace_ids, since, complete, _lies(db, blocks, trace_ids))


def _newest_traces(
    db: duckdb.DuckDBPyConnection, blocks: TraceBlocks, project: str | None, bounds: Slice, enough: int
) -> Near:
    """The traces of all spans within the bounds since some moment: since there are `enough` of them.

    Each slice is grouped as a whole, which takes the database less time than to find its newest spans.
    """
    times: dict[TraceOf, tuple[int, int]] = {}
    (since, upper), complete = bounds, True
    for lower, before in slices(db, blocks, bounds):
        where = bounded(project, lower, before)
        found = db.execute(
            "SELECT s.project, s.trace_id, epoch_ns(min(s.start_time)) AS first, epoch_ns(max(s.start_time))"
            f" FROM span_log s WHERE {where.sql} GROUP BY s.project, s.trace_id ORDER BY first DESC LIMIT ?",
            [*where.parameters, enough],
        ).fetchall()
        for of_project, trace_id, first, last in found:
            _, known_last = times.get((of_project, trace_id), (first, last))
            times[of_project, trace_id] = first, known_last
        if len(found) == enough:
            complete, since = False, found[-1][2] + 1
            break
        if lower != bounds[0] and len(times) >= enough:
            complete, since = False, lower
            break
    trace_ids = {trace_id for _, trace_id in times}
    return Near(list(trace_ids), since, complete, _lies(db, blocks, trace_ids), times if upper is None else None)


def _lies(db: duckdb.DuckDBPyConnection, blocks: TraceBlocks, trace_ids: Collection[str]) -> str:
    return blocks.condition(db, trace_ids) if len(trace_ids) <= FEW_TRACES else ANYWHERE


def slices(
    db: duckdb.DuckDBPyConnection, blocks: TraceBlocks, bounds: Slice, *, growth: int = SLICE_GROWTH
) -> list[Slice]:
    """The time within the bounds in slices, the newest first, each of some times as many spans as the one before.

    So a page of the newest reads hardly more than it needs. How many spans a slice has is a guess: mostly, spans come
    in order of time, and a block of such that came late counts among the old ones.
    """
    lower, upper = bounds
    starts = sorted(start for start in blocks.starts(db) if upper is None or start <= upper)
    times, at, step = set[int](), len(starts) - 1, growth
    while at >= 0:
        if lower is None or starts[at] > lower:
            times.add(starts[at])
        at, step = at - step, step * growth
    newest_first = sorted(times, reverse=True)
    return list(zip([*newest_first, lower], [upper, *(time - 1 for time in newest_first)], strict=True))


def narrowed(db: duckdb.DuckDBPyConnection, where: Compiled, condition: Compiled) -> Compiled:
    """That for a span `s` both hold; a search reads only the content to which the spans of `where` refer."""
    return where.joined("AND", with_content_of(db, condition, where))


def with_content_of(db: duckdb.DuckDBPyConnection, probe: Compiled, where: Compiled) -> Compiled:
    """A condition on spans `s`, with a search through long texts limited to those to which the spans refer for which
    `where` holds.
    """
    names = [name for name in LONG_TEXT_COLUMNS if any_content(name) in probe.sql]
    if not names:
        return probe
    columns = ", ".join(f"coalesce(min(s.{name}_id), 0), coalesce(max(s.{name}_id), -1)" for name in names)
    [bounds] = db.execute(f"SELECT {columns} FROM span_log s WHERE {where.sql}", where.parameters).fetchall()
    sql = probe.sql
    for name, first, last in zip(names, bounds[::2], bounds[1::2], strict=True):
        sql = sql.replace(any_content(name), f"{name}_content.id BETWEEN {first} AND {last}")
    return Compiled(sql, probe.parameters)


def _reaching_beyond(
    db: duckdb.DuckDBPyConnection, project: str | None, probe: Compiled, since: int | None, upper: int
) -> list[str]:
    """Traces with spans between `since` and `upper` that match by a span which starts only after `upper`."""
    before, later = bounded(project, since, upper), bounded(project, upper + 1, None)
    matching = narrowed(db, later, probe)
    rows = db.execute(
        f"SELECT DISTINCT s.trace_id FROM span_log s WHERE {matching.sql}"
        f" AND s.trace_id IN (SELECT s.trace_id FROM span_log s WHERE {before.sql})",
        [*matching.parameters, *before.parameters],
    ).fetchall()
    return [trace_id for (trace_id,) in rows]


def bounded(project: str | None, lower: int | None, upper: int | None) -> Compiled:
    """The condition that a span `s` is of a project, and starts between two times."""
    return Compiled(*within(project, "s")).joined("AND", started_between("s", lower, upper))


def started_between(alias: str, lower: int | None, upper: int | None) -> Compiled:
    """The condition that a span starts between two times, in nanoseconds; None: there is no such bound."""
    where = Compiled()
    for sign, time in ((">=", lower), ("<=", upper)):
        if time is not None:
            where = where.joined("AND", Compiled(f"{alias}.start_time {sign} make_timestamp_ns(?)", [time]))
    return where
