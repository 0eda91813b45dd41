"""Routes: the details of one span."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from assay.collector.pages import urls
from assay.collector.pages.source import Row, Source
from assay.collector.pages.traces.span_details import span_details
from assay.collector.pages.web import PageRoute, fragment, get_source

router = APIRouter(route_class=PageRoute, include_in_schema=False)
FromSource = Annotated[Source, Depends(get_source)]


@router.get("/p/{project}/traces/{trace_id}/spans/{span_id}")
def span_fragment(source: FromSource, project: str, trace_id: str, span_id: str, tab: str = "") -> Response:
    """The details alone, for the script that puts them beside the tree."""
    name = urls.name_of(project)
    span = source.span(name, urls.name_of(trace_id), urls.name_of(span_id))
    return fragment("traces/span.html", project=name, details=details_of(span, span["scores"], tab))


def details_of(span: Row, scores: list[Row], tab: str) -> Any:
    own = [score for score in scores if score.get("span_id") == span["span_id"]]
    return span_details({**span, "scores": own}, tab or None)
