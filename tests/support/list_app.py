"""Lists of traces over the made-up data of page tests: what `TraceLists` answers, without a store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from assay.collector.list_figures import Bar, ListFigures, Value
from assay.collector.news import News, check_filter
from assay.collector.pages.source import Row, Rows
from assay.collector.pages.traces.list_columns import View
from assay.errors import InvalidRequest

if TYPE_CHECKING:
    from support.page_data import FakeSource

HOUR_NS = 3600 * 10**9
START_NS = 1_795_255_200 * 10**9


class FakeTraceLists:
    """The traces of a `FakeSource`; `gone` is what was deleted."""

    def __init__(self, source: FakeSource) -> None:
        self._source = source
        self.asked: dict[str, object] = {}
        self.gone: list[str] = []
        self.coming: list[dict[str, str]] = []
        self.stopped = False
        self.is_admin = True

    @property
    def commits(self) -> int:
        return len(self.coming)

    def check(self, view: View, filter: str | None) -> None:
        check_filter("spans" if view == "spans" else "traces", filter)

    def rows(
        self, view: View, project: str, *, filter: str | None, order_by: str | None, limit: int, cursor: str | None
    ) -> Rows:
        self.asked = {"view": view, "filter": filter, "order_by": order_by, "limit": limit, "cursor": cursor}
        if cursor and not cursor.isdigit():
            raise InvalidRequest("The cursor cannot be read.")
        found = self._source.traces(project, filter=filter, limit=limit, cursor=cursor)
        if view == "spans":
            return Rows([span for row in found.items for span in self._source.trace(row["trace_id"])["spans"]])
        return found if view == "traces" else Rows([_session(row) for row in found.items])

    def attributes(self, project: str, trace_ids: Sequence[str], keys: Sequence[str]) -> dict[str, Row]:
        return {trace_id: {key: f"{key} of it" for key in keys} for trace_id in trace_ids}

    def figures(
        self, view: View, project: str, *, filter: str | None, start: int | None, end: int | None
    ) -> ListFigures:
        names = sorted({row["name"] for row in self._source.traces(project, filter=None, limit=9, cursor=None).items})
        return ListFigures(
            bars=[Bar(START_NS + number * HOUR_NS, HOUR_NS, 40 - number, number) for number in range(3)],
            facets={
                "status": [Value("ok", 117), Value("error", 3)],
                "model": [Value(name, 7) for name in names],
                "tag": [],
                "name": [Value(name, 120) for name in names],
                "score": [Value("correct", 80, "true"), Value("correct", 40, "false"), Value("length", 9)],
            },
        )

    def values(self, project: str, field: str, prefix: str, limit: int) -> list[Row]:
        return [{"value": f"{prefix}ok's", "count": 3}]

    def last_row(self) -> int:
        return 7

    def news(self, topic: str, project: str, filter: str | None, after: int) -> News:
        """Whatever a test has put there, once."""
        items, self.coming = self.coming, []
        return News(items, after + len(items), 0)

    @property
    def live(self) -> FakeTraceLists:
        return self

    @contextmanager
    def follower(self) -> Iterator[None]:
        yield

    def may_delete(self) -> bool:
        return self.is_admin

    def delete(self, project: str, trace_ids: Sequence[str]) -> Row:
        self.gone += trace_ids
        return {"traces": len(trace_ids), "spans": 5 * len(trace_ids), "scores": 0, "dead_letters": 0}


def _session(row: Row) -> Row:
    times = {"start_time": row["start_time"], "end_time": row["end_time"], "duration_ms": row["duration_ms"]}
    counts = {"trace_count": 2, "span_count": 8, "error_count": 0, "total_tokens": 100, "cost_usd": 0.01}
    texts = {"last_input": row["input"], "last_output": row["output"]}
    return {"project": row["project"], "session_id": row["name"], "user_ids": ["u1"], **times, **counts, **texts}
