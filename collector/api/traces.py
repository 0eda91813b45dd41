"""Traces and spans, read."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from assay.collector import queries
from assay.collector.api.deps import AnyProject, Cursor, Limit, ServiceDep, page
from assay.collector.api.parameters import sealed_cursor
from assay.errors import TraceNotFound

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


@router.get("/traces/{trace_id}")
def get_trace(
    trace_id: str,
    service: ServiceDep,
    project: AnyProject = None,
    limit: Annotated[int, Query(ge=1, le=5000)] = 5000,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """One trace: its row, its spans in start order, its scores."""
    found = queries.get_trace(service.store, trace_id, project=project, limit=limit, cursor=cursor)
    if found is None:
        raise TraceNotFound(
            f"There is no trace {trace_id!r}.", hint="It may not have arrived yet, or belong to another project."
        )
    return {**found, "next_cursor": sealed_cursor(found["next_cursor"])}


@router.get("/spans")
def list_spans(
    service: ServiceDep,
    project: AnyProject = None,
    filter: Filter = None,
    order_by: OrderBy = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Spans that match, newest first."""
    found = queries.list_spans(
        service.store, project=project, filter=filter, order_by=order_by, limit=limit, cursor=cursor
    )
    return page(found.items, found.next_cursor)
