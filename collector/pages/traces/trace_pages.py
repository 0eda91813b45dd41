"""Routes: one trace, in each of its views."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from assay.collector.pages import urls
from assay.collector.pages.source import Source
from assay.collector.pages.traces import filters
from assay.collector.pages.traces.opened_trace import OpenedTrace
from assay.collector.pages.traces.span_pages import FromDetails, details_context
from assay.collector.pages.traces.trace_address import TraceQuery
from assay.collector.pages.traces.trace_views import VIEWS, view_named
from assay.collector.pages.web import PageRoute, get_source, page, redirect

router = APIRouter(route_class=PageRoute, include_in_schema=False)
FromSource = Annotated[Source, Depends(get_source)]


@router.get("/p/{project}/traces/{trace_id}.json")
def trace_json(source: FromSource, project: str, trace_id: str) -> Response:
    return JSONResponse(source.trace(urls.name_of(trace_id), urls.name_of(project)))


@router.get("/p/{project}/traces/{trace_id}")
def trace_page(
    request: Request,
    source: FromSource,
    more: FromDetails,
    project: str,
    trace_id: str,
    asked: Annotated[TraceQuery, Depends(TraceQuery)],
) -> Response:
    project = urls.name_of(project)
    opened = OpenedTrace.of(source.outline(urls.name_of(trace_id), project), project, asked)
    trace, view = opened.trace, view_named(asked.view)
    selected = source.span(project, trace["trace_id"], opened.tree.row(opened.number).span_id)
    return page(
        request,
        "traces/trace.html",
        title=trace["name"] or "Trace",
        source=source,
        project=project,
        section="traces",
        has_forms=True,
        trace=trace,
        scores=[score for score in trace["scores"] if not score.get("span_id") and score.get("value") is not None],
        asked=asked,
        address=opened.address,
        views=VIEWS,
        view=view,
        ancestors=[opened.tree.row(number) for number in opened.shape.ancestors(opened.number)],
        selected=selected["span_id"],
        filter_for=filters.equals,
        unread=opened.unread,
        may_grow=opened.may_grow,
        **details_context(request, more, project, selected, trace["scores"], asked.tab),
        **view.show(opened, more, request),
    )


@router.get("/t/{trace_id}")
def permalink(source: FromSource, trace_id: str) -> Response:
    return redirect(urls.trace(source.project_of(trace_id), trace_id))


@router.get("/t/{trace_id}/{span_id}")
def span_permalink(source: FromSource, trace_id: str, span_id: str) -> Response:
    return redirect(urls.trace(source.project_of(trace_id), trace_id, span=span_id))
