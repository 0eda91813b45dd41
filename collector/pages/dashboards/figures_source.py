"""Where dashboards get their figures: queries over the store, marks and dashboards from the registry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from fastapi import Request

from assay.collector import queries
from assay.collector.api.actor import actor, caller_key
from assay.collector.pages.dashboards.groupings import Grouping
from assay.collector.pages.dashboards.period import Period
from assay.collector.pages.formats import nanoseconds
from assay.collector.pages.time_range import iso
from assay.collector.registry.actor import Actor

if TYPE_CHECKING:
    from assay.collector.service import Service

Row = dict[str, Any]
MOST_GROUPS = 6
MOST_MOVES = 20
# What figures of root spans are called where whole traces are summed up
OF_TRACES = {
    "root_count": "count",
    "root_error_count": "error_count",
    **{f"root_latency_p{rank}_ms": f"latency_p{rank}_ms" for rank in (50, 95, 99)},
}


@dataclass(frozen=True, slots=True)
class OverTime:
    """Rows of a period's buckets and of those before, and figures of the whole of each that no rows add up to."""

    rows: Sequence[Row] = ()
    before: Sequence[Row] = ()
    whole: Row = field(default_factory=dict)
    whole_before: Row = field(default_factory=dict)


class Figures:
    """Reads for one caller; which projects that may be was decided before any route (guard.py)."""

    def __init__(self, service: Service, acting: Actor, key_name: str | None) -> None:
        self._store = service.store
        self._registry = service.registry
        self._actor = acting
        self._key_name = key_name

    def known(self, project: str) -> tuple[int, int] | None:
        return queries.time_span(self._store, project)

    def counts(self, project: str, period: Period) -> dict[int, int]:
        """Spans in each bucket of the period and of the one before."""
        start = period.before.start_ns if period.has_before else period.start_ns
        return queries.span_counts(self._store, project=project, start=start, end=period.end_ns, bucket=period.bucket)

    def rows(
        self,
        project: str,
        period: Period,
        needs: Sequence[str],
        *,
        grouping: Grouping | None = None,
        of_traces: bool = False,
        only: str | None = None,
        trace_filter: str | None = None,
        in_buckets: bool = True,
        limit: int = MOST_GROUPS,
    ) -> list[Row]:
        """Rows of /stats, with `time` in nanoseconds and the names of `needs`, whatever they are summed up from."""
        names = {name: OF_TRACES.get(name, name) if of_traces else name for name in needs}
        query = queries.StatsQuery(
            of="traces" if of_traces else "spans",
            measures=tuple(dict.fromkeys(names.values())),
            group_by=grouping.stats_keys if grouping else (),
            bucket=period.bucket if in_buckets else None,
            filter=trace_filter if of_traces else only,
            trace_filter=None if of_traces else trace_filter,
            project=project,
            start=period.start_ns,
            end=period.end_ns,
            limit=limit,
        )
        return [_named(row, names) for row in queries.stats(self._store, query)]

    def over_time(
        self, project: str, period: Period, needs: Sequence[str], *, trace_filter: str | None = None
    ) -> OverTime:
        """What is not grouped, of the period and of the one before, by one question."""
        gap = period.gap if period.has_before else None
        ranks = [name for name in needs if "_latency_" in name]  # no sum of buckets says what they are of the whole
        query = queries.StatsQuery(
            measures=tuple(needs),
            bucket=period.bucket,
            parted_at=period.start_ns if ranks else None,
            filter=f"(start_time < '{iso(gap[0])}' or start_time >= '{iso(gap[1])}')" if gap else None,
            trace_filter=trace_filter,
            project=project,
            start=period.before.start_ns if period.has_before else period.start_ns,
            end=period.end_ns,
        )
        rows = queries.stats(self._store, query)
        now, before = _split([_named(row, {}) for row in rows if row["time"] is not None], period)
        wholes = {row["is_later"]: {name: row[name] for name in ranks} for row in rows if row["time"] is None}
        return OverTime(now, before, wholes.get(True, {}), wholes.get(False, {}))

    def bands(self, project: str, period: Period, trace_filter: str | None) -> list[Row]:
        """How many traces lie in each bucket and band of latency."""
        query = queries.StatsQuery(
            measures=("count",),
            group_by=("latency_band_ms",),
            bucket=period.bucket,
            filter="parent_span_id is null",
            trace_filter=trace_filter,
            project=project,
            start=period.start_ns,
            end=period.end_ns,
        )
        return [{**row, "time": nanoseconds(row["time"])} for row in queries.stats(self._store, query)]

    def scores(
        self, project: str, period: Period, *, grouping: Grouping | None = None, trace_filter: str | None = None
    ) -> tuple[list[Row], list[Row]]:
        """Means of the period, and of the one before where nothing is grouped."""
        with_before = period.has_before and grouping is None
        rows = queries.score_stats(
            self._store,
            project=project,
            start=period.before.start_ns if with_before else period.start_ns,
            end=period.end_ns,
            gap=period.gap if with_before else None,
            bucket=period.bucket,
            group_by=grouping.stats_keys if grouping else (),
            trace_filter=trace_filter,
        )
        return _split(rows, period)

    def changes(self, project: str, period: Period) -> list[Row]:
        """Releases and versions of prompts that are first seen in the period, and moves of aliases."""
        since = period.before.start_ns if period.has_before else period.start_ns
        seen = queries.first_seen(
            self._store, project=project, since=since, start=period.start_ns + 1, end=period.end_ns
        )
        start, end = (_datetime(time) for time in (period.start_ns, period.end_ns))
        moves = self._registry.aliases.moves_between(project, start, end, limit=MOST_MOVES)
        return [*seen, *({**move, "time": nanoseconds(move["moved_at"])} for move in moves)]

    def saved(self, project: str) -> list[Row]:
        return self._registry.dashboards.all(project)

    def dashboard(self, project: str, name: str) -> Row:
        return self._registry.dashboards.get(project, name)

    def create(self, project: str, name: str, charts: Sequence[Row]) -> Row:
        return self._registry.dashboards.create(project, name, charts, author=self._key_name, actor=self._actor)

    def change(self, project: str, name: str, *, new_name: str, charts: Sequence[Row]) -> Row:
        return self._registry.dashboards.change(
            project, name, new_name=new_name, charts=charts, author=self._key_name, actor=self._actor
        )

    def delete(self, project: str, name: str) -> None:
        self._registry.dashboards.delete(project, name, actor=self._actor)


def _named(row: Row, names: Mapping[str, str]) -> Row:
    time = nanoseconds(row["time"]) if "time" in row else None
    return {**row, **{name: row[asked] for name, asked in names.items()}, "time": time}


def _split(rows: Sequence[Row], period: Period) -> tuple[list[Row], list[Row]]:
    now = [row for row in rows if row["time"] >= period.start_ns]
    return now, [row for row in rows if row["time"] < period.start_ns]


def get_figures(request: Request) -> Figures:
    key = caller_key(request)
    return Figures(request.app.state.service, actor(request, key), key.name if key else None)


def _datetime(time_ns: int) -> datetime:
    """A time as the registry compares it, within the years that it knows."""
    moment = datetime(1970, 1, 1, tzinfo=UTC)
    least, most = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
    return min(max(moment + timedelta(microseconds=time_ns // 1000), least), most)
