"""Details of made-up traces: scores that are kept in memory, conversations, a session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from assay.collector.pages.source import Row, Rows
from assay.collector.pages.traces.details_source import DetailsSource
from assay.collector.pages.traces.send_source import SendSource
from assay.collector.paging import readable
from assay.collector.registry.names import check_name
from assay.collector.review.refs import Ref
from assay.errors import NotFound
from assay.evaluation.data.traced_items import item_of_row, item_of_trace

if TYPE_CHECKING:
    from assay.evaluation.data.items import Item
    from support.page_data import FakeSource

SESSION = "session-7"


class FakeDetails(DetailsSource):
    """See `DetailsSource`. What is written is kept with the `source`: scores in `scores_added`."""

    def __init__(self, source: FakeSource) -> None:
        self._source = source
        self.has_key = False
        self.added: list[Row] = vars(source).setdefault("scores_added", [])

    def check_there(self, project: str, trace_id: str, span_id: str | None) -> None:
        trace = self._source.trace(trace_id, project)
        if span_id and span_id not in {span["span_id"] for span in trace["spans"]}:
            raise NotFound(f"Trace {trace_id!r} has no span {span_id!r}.", hint="Open the trace.")

    def score_names(self, project: str) -> list[str]:
        return ["correct", "helpful"]

    def scores(self, project: str, trace_id: str) -> list[Row]:
        stored = [readable(row) for row in self.added if row["trace_id"] == trace_id]
        return [*stored, *self._source.trace(trace_id, project)["scores"]]

    def add_score(self, row: Row) -> None:
        self.added.append(row)

    def delete_score(self, score: Mapping[str, Any]) -> None:
        self.added[:] = [row for row in self.added if row["id"] != score["id"]]

    def calls(self, project: str, trace_id: str, cursor: str | None = None) -> Rows:
        spans = self._source.trace(trace_id, project)["spans"]
        return Rows([span for span in spans if span["kind"] in ("llm", "tool", "agent")])

    def session(self, project: str, session_id: str, cursor: str | None = None) -> Row:
        traces = self._source.by_project.get(project, [])[:3]
        if not traces:
            raise NotFound(f"There is no session {session_id!r}.", hint="Programs name it.")
        sums = {name: 812 for name in ("input_tokens", "output_tokens", "total_tokens")}
        times = {"start_time": traces[0]["start_time"], "end_time": traces[-1]["end_time"], "duration_ms": 95_000.0}
        counts = {"trace_count": 5, "span_count": 25, "error_count": 1, "cost_usd": 0.0042}
        users = {"user_ids": ["ada"], "session_id": session_id, "project": project}
        return {**users, **times, **counts, **sums, "traces": traces, "next_cursor": None if cursor else "next"}


class FakeSending(SendSource):
    """See `SendSource`. What was sent is kept with the `source`, as `sent`: (data set, items)."""

    def __init__(self, source: FakeSource) -> None:
        self._source = source
        self.sent: list[tuple[str, list[Row]]] = vars(source).setdefault("sent", [])

    def datasets(self, project: str) -> list[Row]:
        return self._source.datasets(project, filter=None, cursor=None).items

    def add(self, project: str, name: str, items: Sequence[Mapping[str, Any]], *, message: str) -> Row:
        check_name("data set", name)
        self.sent.append((name, [dict(item) for item in items]))
        return {"version": 4}

    def _item(self, project: str, ref: Ref, traces: Mapping[str, tuple[Row, Row | None]]) -> Item | None:
        if ref.experiment_id is not None:
            rows = self._source.rows.get(ref.experiment_id, [])
            return next((item_of_row(row) for row in rows if row["item_id"] == ref.item_id), None)
        if ref.span_id is not None:
            span = self._source.span(project, str(ref.trace_id), ref.span_id)
            return item_of_trace(span, span)
        found = traces.get(str(ref.trace_id))
        return item_of_trace(*found) if found else None

    def _traces(self, project: str, ids: Sequence[str]) -> dict[str, tuple[Row, Row | None]]:
        traces = {trace["trace_id"]: trace for trace in self._source.by_project.get(project, [])}
        return {one: (traces[one], traces[one]["spans"][0]) for one in ids if one in traces}
