"""What only the page of a trace asks of the collector: its neighbours in a list, and where in it a text is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import Request

from assay.collector import queries
from assay.collector.pages.traces import filters
from assay.collector.paging import encode_cursor
from assay.collector.trace_find import find_in_trace, start_of_trace
from assay.errors import TraceNotFound

if TYPE_CHECKING:
    from assay.collector.service import Service


class TraceSource:
    """Projects are those of addresses, which the collector's guard lets nobody see who may not."""

    def __init__(self, service: Service) -> None:
        self._store = service.store

    def beside(self, project: str, trace_id: str, filter: str | None, *, newer: bool) -> str | None:
        """The id of the trace that comes next in a list of its project, in order of time; None at its end.

        Raises:
            InvalidRequest: the filter cannot be read.
            NotFound: there is no such trace.
        """
        start = start_of_trace(self._store, trace_id, project=project)
        if start is None:
            raise _no_trace(project, trace_id)
        order = "start_time asc" if newer else "start_time desc"
        cursor = encode_cursor([start, trace_id, project])
        found = queries.list_traces(self._store, project=project, filter=filter, order_by=order, limit=1, cursor=cursor)
        return str(found.items[0]["trace_id"]) if found.items else None

    def find(self, project: str, trace_id: str, text: str) -> list[str]:
        """Ids of the spans whose name, input or output holds a text, the first thousand of them.

        Raises:
            NotFound: there is no such trace.
        """
        found = find_in_trace(self._store, trace_id, filters.contains(text), project=project)
        if found is None:
            raise _no_trace(project, trace_id)
        return found


def _no_trace(project: str, trace_id: str) -> TraceNotFound:
    return TraceNotFound(f"There is no trace {trace_id!r} in project {project!r}.", hint="Check the address.")


async def get_trace_source(request: Request) -> TraceSource:
    return TraceSource(request.app.state.service)
