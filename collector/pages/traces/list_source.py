"""Where the lists of traces, spans and sessions get their data, over the collector's own service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Literal

from fastapi import Request

from assay.collector import queries
from assay.collector.api.actor import actor, caller_key
from assay.collector.deletions import Selection
from assay.collector.list_figures import ListFigures
from assay.collector.live import Live
from assay.collector.news import News, check_filter, last_row, news_ids
from assay.collector.pages.source import Row, Rows
from assay.collector.pages.traces.list_columns import View
from assay.collector.registry.actor import Actor
from assay.collector.root_attributes import root_attributes
from assay.errors import Forbidden

if TYPE_CHECKING:
    from assay.collector.service import Service


Topic = Literal["traces", "spans"]


class TraceLists:
    """What the lists ask for. Whose key is for one project asks for no other: the guard looks at the address."""

    def __init__(self, service: Service, caller: Actor) -> None:
        self._service = service
        self._store = service.store
        self._caller = caller

    def check(self, view: View, filter: str | None) -> None:
        """Raises:
        InvalidRequest: the filter cannot be read; the message points at the character.
        """
        check_filter("spans" if view == "spans" else "traces", filter)

    def rows(
        self, view: View, project: str, *, filter: str | None, order_by: str | None, limit: int, cursor: str | None
    ) -> Rows:
        ask = {"traces": queries.list_traces, "spans": queries.list_spans, "sessions": queries.list_sessions}[view]
        found = ask(self._store, project=project, filter=filter, order_by=order_by, limit=limit, cursor=cursor)
        return Rows(found.items, found.next_cursor)

    def attributes(self, project: str, trace_ids: Sequence[str], keys: Sequence[str]) -> dict[str, Row]:
        """Trace id -> attribute -> value."""
        return root_attributes(self._store, project, trace_ids, keys)

    def figures(
        self, view: View, project: str, *, filter: str | None, start: int | None, end: int | None
    ) -> ListFigures:
        of: Topic = "spans" if view == "spans" else "traces"
        return queries.list_figures(self._store, of, project=project, filter=filter, start=start, end=end)

    def values(self, project: str, field: str, prefix: str, limit: int) -> list[Row]:
        return queries.distinct_values(self._store, field, project=project, prefix=prefix, limit=limit)

    def last_row(self) -> int:
        """Where whoever follows what comes from now on starts."""
        return last_row(self._store)

    def news(self, topic: Topic, project: str, filter: str | None, after: int) -> News:
        """Ids of what has come since and matches."""
        return news_ids(self._store, topic, filter, project, after)

    @property
    def live(self) -> Live:
        """Who follows, and whether there may be something new."""
        return self._service.live

    def may_delete(self) -> bool:
        return self._caller.is_admin

    def delete(self, project: str, trace_ids: Sequence[str]) -> Row:
        """Delete traces, and tell how much is gone.

        Raises:
            Forbidden: the key of whoever asks is no admin's.
        """
        if not self._caller.is_admin:
            raise Forbidden("Traces are deleted with an admin's key only.", hint="assay keys create --scope admin")
        gone = asdict(self._service.delete(Selection(project, trace_ids=tuple(trace_ids))))
        if any(gone.values()):
            self._service.registry.audit.add(self._caller, "traces.delete", "trace", project=project, **gone)
        return gone


async def get_trace_lists(request: Request) -> TraceLists:
    return TraceLists(request.app.state.service, actor(request, caller_key(request)))
