"""Traces, spans and sessions, read."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Response

from assay.collector import queries
from assay.collector.api.deps import AnyProject, Cursor, Limit, ServiceDep, page
from assay.collector.api.parameters import sealed_cursor
from assay.errors import NotFound, TraceNotFound

router = APIRouter(prefix="/api/v1", tags=["traces"])

Filter = Annotated[str | None, Query(description="A boolean SQL expression over the fields.", max_length=10_000)]
OrderBy = Annotated[str | None, Query(description="A field, with `asc` or `desc`; `start_time desc` when absent.")]


@router.get("/traces")
def list_traces(
    service: ServiceDep,
    project: AnyProject = None,
    filter: Filter = None,
    order_by: OrderBy = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Traces that match, newest first."""
    found = queries.list_traces(
        service.store, project=project, filter=filter, order_by=order_by, limit=limit, cursor=cursor
    )
    return page(found.items, found.next_cursor)


@router.get("/traces/{trace_id}", response_model=dict[str, Any])
def get_trace(
    trace_id: str,
    service: ServiceDep,
    project: AnyProject = None,
    limit: Annotated[int, Query(ge=1, le=queries.MAX_SPANS_PER_PAGE)] = queries.MAX_SPANS_PER_PAGE,
    cursor: Cursor = None,
) -> Response:
    """One trace: its row, its spans in start order, its scores. Pages end after 5,000 spans or a few megabytes.

    A span of more than 5 MB is there with the beginning of what it holds, and `is_cut`; alone, it is whole.
    """
    return _found_trace(
        trace_id, queries.get_trace(service.store, trace_id, project=project, limit=limit, cursor=cursor)
    )


@router.get("/traces/{trace_id}/skeleton", response_model=dict[str, Any])
def get_skeleton(
    trace_id: str,
    service: ServiceDep,
    project: AnyProject = None,
    limit: Annotated[int, Query(ge=1, le=queries.MAX_SKELETON_SPANS)] = queries.MAX_SKELETON_SPANS,
    cursor: Cursor = None,
) -> Response:
    """The shape of a trace, without contents: one list per column, every span behind its parent.

    `parent` holds the place of each span's parent, counted over all pages, -1 for a root; `name`, `kind` and `status`
    are places in `names`, `kinds` and `statuses`; times are microseconds since `start_time`. Where `made_up_root` is
    true, the span in place 0 stands for parents that never arrived.
    """
    return _found_trace(
        trace_id, queries.get_skeleton(service.store, trace_id, project=project, limit=limit, cursor=cursor)
    )


def _found_trace(trace_id: str, found: dict[str, Any] | None) -> Response:
    if found is None:
        raise TraceNotFound(
            f"There is no trace {trace_id!r}.", hint="It may not have arrived yet, or belong to another project."
        )
    # Spelled here: FastAPI would look at each of the 300,000 values of a full page before it did the same.
    return json_response({**found, "next_cursor": sealed_cursor(found["next_cursor"])})


def json_response(value: Any) -> Response:
    """`value`, made of plain JSON types, as it is sent."""
    return Response(orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS), media_type="application/json")


@router.get("/spans")
def list_spans(
    service: ServiceDep,
    project: AnyProject = None,
    filter: Filter = None,
    order_by: OrderBy = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Spans that match, newest first. Of those over 5 MB only the beginning, with `is_cut`; alone, they are whole."""
    found = queries.list_spans(
        service.store, project=project, filter=filter, order_by=order_by, limit=limit, cursor=cursor
    )
    return page(found.items, found.next_cursor)


@router.get("/spans/{trace_id}/{span_id}", response_model=dict[str, Any])
def get_span(trace_id: str, span_id: str, service: ServiceDep, project: AnyProject = None) -> Response:
    """One span, whole."""
    found = queries.get_span(service.store, trace_id, span_id, project=project)
    if found is None:
        raise NotFound(f"There is no span {span_id!r} in the trace {trace_id!r}.", hint="It may not have arrived yet.")
    return json_response(found)


@router.get("/sessions")
def list_sessions(
    service: ServiceDep, project: AnyProject = None, filter: Filter = None, limit: Limit = 50, cursor: Cursor = None
) -> dict[str, Any]:
    """Sessions, those with the newest spans first; with a filter, those that have a trace which matches."""
    found = queries.list_sessions(service.store, project=project, filter=filter, limit=limit, cursor=cursor)
    return page(found.items, found.next_cursor)


@router.get("/sessions/{session_id:path}")
def get_session(
    session_id: str, service: ServiceDep, project: AnyProject = None, limit: Limit = 100, cursor: Cursor = None
) -> dict[str, Any]:
    """One session: its row, and its traces' rows in order of time."""
    found = queries.get_session(service.store, session_id, project=project, limit=limit, cursor=cursor)
    if found is None:
        raise NotFound(f"There is no session {session_id!r}.", hint="It may belong to another project.")
    return {**found, "next_cursor": sealed_cursor(found["next_cursor"])}
