"""Route: the component page, where `assay serve --dev` serves."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from assay.collector.pages import time_range
from assay.collector.pages.dev import samples
from assay.collector.pages.shell.keys import KEYS
from assay.collector.pages.source import Source
from assay.collector.pages.traces.trace_address import TraceAddress, TraceQuery
from assay.collector.pages.web import PageRoute, get_source, page, seen_project
from assay.errors import InvalidRequest

router = APIRouter(route_class=PageRoute, include_in_schema=False)
PATH = "/dev/components"


@router.get(PATH)
def components(request: Request, source: Annotated[Source, Depends(get_source)]) -> Response:
    chosen = time_range.parse("2026-11-21T08:00:00Z", "2026-11-21T16:00:00Z")
    return page(
        request,
        "dev/components.html",
        title="Components",
        source=source,
        project=seen_project(request),
        charts_of=samples.charts,
        times=time_range.picker(chosen, PATH, {}),
        error=InvalidRequest("The filter cannot be read at 'statsu'.", hint="Did you mean 'status'?"),
        address=TraceAddress("sample", f"{1:032x}", TraceQuery()),
        groups={"Review": KEYS["Review"]},
        **samples.shown(),
    )
