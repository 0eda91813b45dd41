"""What the details of spans, the chat view and sessions ask of the collector, and scores that people write there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fastapi import Request

from assay.collector import queries
from assay.collector.api.actor import caller_key
from assay.collector.deletions import delete_score
from assay.collector.distinct_values import distinct_values
from assay.collector.pages.source import Row, Rows
from assay.errors import NotFound, TraceNotFound

if TYPE_CHECKING:
    from assay.collector.service import Service

MOST_NAMES = 50
MOST_SCORES = 1000
CALLS_AT_ONCE = 100  # spans with messages that a page of a conversation is made of
TURNS_AT_ONCE = 50


class DetailsSource:
    """Projects are those of addresses, which the collector's guard lets nobody see who may not."""

    def __init__(self, service: Service, *, has_key: bool) -> None:
        """`has_key`: whoever asks came with a key, whose name they write under."""
        self._service = service
        self._store = service.store
        self.has_key = has_key

    def check_there(self, project: str, trace_id: str, span_id: str | None) -> None:
        """Raises NotFound: there is no such trace in the project, or no such span in it."""
        if queries.project_of_trace(self._store, trace_id, project=project) is None:
            raise TraceNotFound(f"There is no trace {trace_id!r} in project {project!r}.", hint="Check its id.")
        if span_id and queries.get_span(self._store, trace_id, span_id, project=project) is None:
            raise NotFound(f"Trace {trace_id!r} has no span {span_id!r}.", hint="Open the trace to see its spans.")

    # Scores -------------------------------------------------------------------------------------------------------

    def score_names(self, project: str) -> list[str]:
        """Names that scores of the project have, the most frequent first."""
        return [row["value"] for row in distinct_values(self._store, "scores", project=project, limit=MOST_NAMES)]

    def scores(self, project: str, trace_id: str) -> list[Row]:
        """Of a trace and of its spans, newest first."""
        return queries.list_scores(self._store, project=project, trace_id=trace_id, limit=MOST_SCORES).items

    def add_score(self, row: Row) -> None:
        """Returns once it is on disk."""
        self._service.append({"score_log": [row]})

    def delete_score(self, score: Mapping[str, Any]) -> None:
        """Returns once that is on disk; exports follow within seconds."""
        self._service.writer.put_job(lambda cursor: delete_score(cursor, score)).result()
        self._service.exporter.hurry()

    # Conversations ------------------------------------------------------------------------------------------------

    def calls(self, project: str, trace_id: str, cursor: str | None = None) -> Rows:
        """Spans of a trace that models, tools and agents made, in order of time: they tell its conversation."""
        filter = f"trace_id = '{_quoted(trace_id)}' and kind in ('llm', 'tool', 'agent')"
        found = queries.list_spans(
            self._store, project=project, filter=filter, order_by="start_time asc", limit=CALLS_AT_ONCE, cursor=cursor
        )
        return Rows(found.items, found.next_cursor)

    def session(self, project: str, session_id: str, cursor: str | None = None) -> Row:
        """A session's row with some of its `traces` in order of time, the `next_cursor`, and the traces' `scores`.

        Raises:
            NotFound: there is no such session.
        """
        found = queries.get_session(self._store, session_id, project=project, limit=TURNS_AT_ONCE, cursor=cursor)
        if found is None:
            raise NotFound(
                f"There is no session {session_id!r} in project {project!r}.",
                hint="Programs name it with assay.context(session_id=…) or gen_ai.conversation.id.",
            )
        return found


def _quoted(text: str) -> str:
    return text.replace("'", "''")


async def get_details(request: Request) -> DetailsSource:
    return DetailsSource(request.app.state.service, has_key=caller_key(request) is not None)
