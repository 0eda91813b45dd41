"""Which spans are open, in memory: so that readers of everything else need not ask the table of open spans."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import duckdb

from assay.collector.batch import SpanKey

MAX_OF_PROJECT = 2_000
MAX_IN_ALL = 10_000

TraceOf = tuple[str, str]  # project and trace_id
Row = tuple[str, str, str, int, str, bool, int]
ROW = "project, trace_id, span_id, row_id, coalesce(instance, ''), lost_at IS NOT NULL, epoch_ns(start_time)"
"""What the index knows of a span, as columns of the table."""


@dataclass(frozen=True, slots=True)
class OpenSpan:
    """Where an announced span lies, who announced it, whether that process is taken to be gone, and its start."""

    row_id: int
    instance: str
    lost: bool
    started: int


class OpenIndex:
    """A copy of the keys of `open_span_log`. Read from any thread; changed by the writer's, when it has committed."""

    def __init__(self) -> None:
        self.spans: dict[SpanKey, OpenSpan] = {}
        self.traces: dict[TraceOf, int] = {}  # and when the first of its open spans started, in nanoseconds
        self.last_row = 0

    def __bool__(self) -> bool:
        return bool(self.spans)

    def replace(self, rows: Iterable[Row]) -> None:
        """Forget all, and know these."""
        self.spans = {}
        self.add(rows)

    def add(self, rows: Iterable[Row]) -> None:
        spans = {**self.spans, **{(row[0], row[1], row[2]): OpenSpan(*row[3:]) for row in rows}}
        traces: dict[TraceOf, int] = {}
        for (project, trace, _), span in spans.items():
            traces[project, trace] = min(span.started, traces.get((project, trace), span.started))
        self.traces = traces
        self.spans = spans
        self.last_row = max([self.last_row, *(each.row_id for each in spans.values())])

    def of(self, project: str | None) -> list[TraceOf]:
        """The traces with open spans; of all projects when None."""
        return [trace for trace in self.traces if project is None or trace[0] == project]

    def since(self, traces: Iterable[TraceOf]) -> int:
        """When the first of their open spans started, in nanoseconds; 0 where they have none."""
        return min((self.traces[each] for each in traces if each in self.traces), default=0)

    def started(self, trace_ids: Collection[str] | None = None) -> tuple[int, int]:
        """When the first and the last open span of these traces, or of all, have started; (0, 0) where none has."""
        times = [span.started for (_, trace, _), span in self.spans.items() if trace_ids is None or trace in trace_ids]
        return min(times, default=0), max(times, default=0)

    def room(self, project: str) -> int:
        """How many more spans of this project may be announced."""
        counted = Counter(of for of, _, _ in self.spans)
        return max(0, min(MAX_OF_PROJECT - counted[project], MAX_IN_ALL - len(self.spans)))


def open_rows(db: duckdb.DuckDBPyConnection) -> list[Row]:
    """All of the table."""
    rows: list[Row] = db.execute(f"SELECT {ROW} FROM open_span_log").fetchall()
    return rows
