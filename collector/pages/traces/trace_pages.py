"""Routes: one trace."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from assay.collector.pages import urls
from assay.collector.pages.formats import time_note
from assay.collector.pages.source import Source
from assay.collector.pages.traces import filters
from assay.collector.pages.traces.span_pages import details_of
from assay.collector.pages.traces.span_tree import SpanTree, ticks
from assay.collector.pages.web import PageRoute, get_source, page, redirect
from assay.semconv import KINDS

router = APIRouter(route_class=PageRoute, include_in_schema=False)
FromSource = Annotated[Source, Depends(get_source)]

TREE_ROWS = 2000  # lines of the tree on one page


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
        "traces/trace.html",
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


@router.get("/t/{trace_id}")
def permalink(source: FromSource, trace_id: str) -> Response:
    return redirect(urls.trace(source.project_of(trace_id), trace_id))


@router.get("/t/{trace_id}/{span_id}")
def span_permalink(source: FromSource, trace_id: str, span_id: str) -> Response:
    return redirect(urls.trace(source.project_of(trace_id), trace_id, span=span_id))
