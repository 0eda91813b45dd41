"""Routes: the list of traces, one trace, one span."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from assay.collector.pages import filters, urls
from assay.collector.pages.formats import time_note
from assay.collector.pages.snippets import tracing_snippets
from assay.collector.pages.source import Row, Source
from assay.collector.pages.span_details import span_details
from assay.collector.pages.span_tree import SpanTree, ticks
from assay.collector.pages.web import PageRoute, fragment, get_source, page, redirect
from assay.errors import InvalidRequest
from assay.semconv import KINDS

router = APIRouter(route_class=PageRoute, include_in_schema=False)
FromSource = Annotated[Source, Depends(get_source)]

ROWS_A_PAGE = 100
TREE_ROWS = 2000  # lines of the tree on one page


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
        "traces.html",
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


@router.get("/p/{project}/traces/{trace_id}.json")
def trace_json(source: FromSource, project: str, trace_id: str) -> Response:
    return JSONResponse(source.trace(urls.name_of(trace_id), urls.name_of(project)))


@router.get("/p/{project}/traces/{trace_id}")
def trace_page(
    request: Request, source: FromSource, project: str, trace_id: str, span: str = "", tab: str = "", rows: int = 1
) -> Response:
    project = urls.name_of(project)
    trace = source.outline(urls.name_of(trace_id), project)
    tree = SpanTree(trace["columns"])
    first_row = max(1, min(rows, len(tree)))
    shown = tree.rows(first_row - 1, TREE_ROWS)
    selected = source.span(project, trace["trace_id"], span if span in tree else tree.first_to_read())
    return page(
        request,
        "trace.html",
        title=trace["name"] or "Trace",
        source=source,
        project=project,
        section="traces",
        trace=trace,
        scores=[score for score in trace["scores"] if not score.get("span_id") and score.get("value") is not None],
        rows=shown,
        first_row=first_row,
        keep_rows=f"&rows={first_row}" if first_row > 1 else "",
        kinds=["none", *(kind for kind in KINDS if kind in tree.kinds)],
        row_count=len(tree),
        page_size=TREE_ROWS,
        complete=len(tree) >= trace["span_count"],
        ticks=ticks(tree.length_ns),
        has_notes=any(time_note(row.status) for row in shown),
        selected=selected["span_id"],
        details=details_of(selected, trace["scores"], tab),
        filter_for=filters.equals,
    )


@router.get("/p/{project}/traces/{trace_id}/spans/{span_id}")
def span_fragment(source: FromSource, project: str, trace_id: str, span_id: str, tab: str = "") -> Response:
    """The details alone, for the script that puts them beside the tree."""
    name = urls.name_of(project)
    span = source.span(name, urls.name_of(trace_id), urls.name_of(span_id))
    return fragment("span.html", project=name, details=details_of(span, span["scores"], tab))


@router.get("/t/{trace_id}")
def permalink(source: FromSource, trace_id: str) -> Response:
    return redirect(urls.trace(source.project_of(trace_id), trace_id))


@router.get("/t/{trace_id}/{span_id}")
def span_permalink(source: FromSource, trace_id: str, span_id: str) -> Response:
    return redirect(urls.trace(source.project_of(trace_id), trace_id, span=span_id))


def list_row(row: Row) -> Row:
    """A trace row as the list shows it: scores as pairs in the order of their names."""
    return {**row, "scores": sorted((row.get("scores") or {}).items())}


def details_of(span: Row, scores: list[Row], tab: str) -> Any:
    own = [score for score in scores if score.get("span_id") == span["span_id"]]
    return span_details({**span, "scores": own}, tab or None)
