"""Routes: the list of traces."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from assay.collector.pages import urls
from assay.collector.pages.snippets import tracing_snippets
from assay.collector.pages.source import Row, Source
from assay.collector.pages.traces import filters
from assay.collector.pages.web import PageRoute, get_source, page
from assay.errors import InvalidRequest

router = APIRouter(route_class=PageRoute, include_in_schema=False)
FromSource = Annotated[Source, Depends(get_source)]

ROWS_A_PAGE = 100


@router.get("/p/{project}/traces")
def trace_list(request: Request, source: FromSource, project: str, q: str = "", after: str = "") -> Response:
    project, q = urls.name_of(project), q.strip()
    context: dict[str, Any] = {"q": q, "after": after, "ready_filters": filters.READY_FILTERS}
    problem = None
    try:
        found = source.traces(project, filter=filters.to_filter(q), limit=ROWS_A_PAGE, cursor=after or None)
        rows, next_cursor = [list_row(row) for row in found.items], found.next_cursor
    except InvalidRequest as error:
        problem, rows, next_cursor = filters.problem(q, error), [], None
    return page(
        request,
        "traces/list.html",
        title="Traces",
        source=source,
        project=project,
        section="traces",
        status_code=400 if problem else 200,
        problem=problem,
        rows=rows,
        next_cursor=next_cursor,
        snippets=tracing_snippets(str(request.base_url).rstrip("/"), project),
        **context,
    )


@router.get("/p/{project}/traces.json")
def trace_list_json(source: FromSource, project: str, q: str = "", after: str = "") -> Response:
    name = urls.name_of(project)
    found = source.traces(name, filter=filters.to_filter(q), limit=ROWS_A_PAGE, cursor=after or None)
    return JSONResponse({"items": found.items, "next_cursor": found.next_cursor})


def list_row(row: Row) -> Row:
    """A trace row as the list shows it: scores as pairs in the order of their names."""
    return {**row, "scores": sorted((row.get("scores") or {}).items())}
