"""Routes: the overview of a project."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse

from assay.collector.pages import time_range, urls
from assay.collector.pages.dashboards import draw
from assay.collector.pages.dashboards.dashboard_pages import USUAL, picker
from assay.collector.pages.dashboards.definitions import ChartSpec
from assay.collector.pages.dashboards.draw import Drawn, Scene
from assay.collector.pages.dashboards.gather import panels
from assay.collector.pages.dashboards.look import Look, look
from assay.collector.pages.dashboards.marks import marks_of
from assay.collector.pages.overview.changes import Changes
from assay.collector.pages.overview.overview_source import Overview, get_overview
from assay.collector.pages.snippets import tracing_snippets
from assay.collector.pages.source import Row, Source
from assay.collector.pages.web import PageRoute, get_source, page

router = APIRouter(route_class=PageRoute, include_in_schema=False)
FromSource = Annotated[Source, Depends(get_source)]
FromOverview = Annotated[Overview, Depends(get_overview)]
CHARTS = tuple(ChartSpec(measure) for measure in ("traces", "errors", "latency", "cost"))
Time = Annotated[str, Query(alias="from")]
TimeEnd = Annotated[str, Query(alias="to")]


@router.get("/p/{project}")
def overview(
    request: Request, source: FromSource, found: FromOverview, project: str, start: Time = "", end: TimeEnd = ""
) -> Response:
    project = urls.name_of(project)
    chosen, seen = _look(found, project, start, end)
    context: dict[str, Any] = {"figures": [], "changes": Changes([], 0, 0), "errors": []}
    if seen.has_any:
        context = _figures(found, project, seen)
    return page(
        request,
        "overview/overview.html",
        title=project,
        source=source,
        project=project,
        section="overview",
        has_forms=not seen.has_any,  # of sample data
        seen=seen,
        times=picker(chosen, urls.project(project), {}),
        experiments=found.experiments(project),
        tests=found.ab_tests(project),
        queues=found.queues(project),
        snippets=tracing_snippets(str(request.base_url).rstrip("/"), project),
        events=urls.events(project, topic="traces"),
        **context,
    )


@router.get("/p/{project}/overview.json")
def overview_json(found: FromOverview, project: str, start: Time = "", end: TimeEnd = "") -> Response:
    project = urls.name_of(project)
    _, seen = _look(found, project, start, end)
    figures = _figures(found, project, seen)
    charts: list[Drawn] = figures["figures"]
    return JSONResponse(
        {
            **seen.period.query,
            "notes": list(seen.notes),
            "figures": [
                {"title": one.chart.title, "value": one.headline, "interval": one.interval, "change": one.change}
                for one in charts
            ],
            "changes": [{"text": one.text, "p": one.p} for one in figures["changes"].found],
            "compared": figures["changes"].looked_at,
            "errors": figures["errors"],
        }
    )


def _look(found: Overview, project: str, start: str, end: str) -> tuple[time_range.TimeRange, Look]:
    chosen = time_range.parse(start or ("" if end else USUAL), end)
    return chosen, look(found.figures, project, chosen, is_default=not (start or end))


def _figures(found: Overview, project: str, seen: Look) -> Row:
    wanted = panels(found.figures, project, seen.period, CHARTS, by="", q="")
    scene = Scene(
        project=project, period=seen.period, marks=marks_of(project, found.figures.changes(project, seen.period))
    )
    return {
        "figures": [one for panel in wanted for one in draw.drawn(panel, scene)],
        "changes": found.changes(project, seen.period),
        "errors": found.errors(project, seen.period),
    }
