"""Routes: dashboards, and their charts as files."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse

from assay.collector.pages import time_range, urls
from assay.collector.pages.dashboards import draw
from assay.collector.pages.dashboards.definitions import OVERVIEW, READY, Dashboard, dashboard_of
from assay.collector.pages.dashboards.draw import Drawn, Scene
from assay.collector.pages.dashboards.figures_source import Figures, get_figures
from assay.collector.pages.dashboards.gather import panels
from assay.collector.pages.dashboards.groupings import GROUPINGS
from assay.collector.pages.dashboards.look import Look, look
from assay.collector.pages.dashboards.marks import marks_of
from assay.collector.pages.dashboards.top_groups import TopGroups, top_groups
from assay.collector.pages.source import Source
from assay.collector.pages.tables import csv_answer, file_headers
from assay.collector.pages.templating import render
from assay.collector.pages.traces import filters
from assay.collector.pages.web import PageRoute, get_source, page
from assay.errors import InvalidRequest, NotFound

router = APIRouter(route_class=PageRoute, include_in_schema=False)
FromSource = Annotated[Source, Depends(get_source)]
FromFigures = Annotated[Figures, Depends(get_figures)]
BY = tuple(one for one in GROUPINGS.values() if one.level != "tool")
USUAL = "-24h"
# A drawing on its own: it has a style sheet in it, and nothing else may be loaded or run
SVG_HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address of a dashboard says."""

    start: str = ""
    end: str = ""
    by: str = ""
    q: str = ""
    log: str = ""

    @property
    def query(self) -> dict[str, str]:
        return {"from": self.start, "to": self.end, "by": self.by, "q": self.q, "log": self.log}


def asked(
    start: Annotated[str, Query(alias="from")] = "",
    end: Annotated[str, Query(alias="to")] = "",
    by: str = "",
    q: str = "",
    log: str = "",
) -> Asked:
    if by and by not in GROUPINGS:
        raise InvalidRequest(f"Nothing is grouped by {by!r}.", hint=f"It is one of: {', '.join(GROUPINGS)}.")
    return Asked(start, end, by, q.strip(), "1" if log else "")


FromAddress = Annotated[Asked, Depends(asked)]


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything on a dashboard. `keys` name its charts in addresses: the number of its line, and of a score in it."""

    look: Look
    charts: list[Drawn]
    keys: list[str]
    groups: TopGroups | None


@router.get("/p/{project}/dashboards")
def overview(request: Request, source: FromSource, figures: FromFigures, wish: FromAddress, project: str) -> Response:
    return _page(request, source, figures, wish, urls.name_of(project), READY[OVERVIEW])


@router.get("/p/{project}/dashboards.json")
def dashboard_list(figures: FromFigures, project: str) -> Response:
    saved = [dashboard_of(row) for row in figures.saved(urls.name_of(project))]
    return JSONResponse({"items": [asdict(one) for one in (*READY.values(), *saved)]})


@router.get("/p/{project}/dashboards/{name}.json")
def dashboard_json(figures: FromFigures, wish: FromAddress, project: str, name: str) -> Response:
    project = urls.name_of(project)
    board = find_dashboard(figures, project, urls.name_of(name))
    shown = _shown(figures, project, board, wish, with_groups=True)
    return JSONResponse(
        {
            "dashboard": asdict(board),
            "from": shown.look.period.query["from"],
            "to": shown.look.period.query["to"],
            "bucket": shown.look.period.bucket,
            "notes": list(shown.look.notes),
            "charts": [_chart_object(one) for one in shown.charts],
            "groups": asdict(shown.groups) if shown.groups else None,
        }
    )


@router.get("/p/{project}/dashboards/{name}")
def dashboard(
    request: Request, source: FromSource, figures: FromFigures, wish: FromAddress, project: str, name: str
) -> Response:
    project = urls.name_of(project)
    return _page(request, source, figures, wish, project, find_dashboard(figures, project, urls.name_of(name)))


@router.get("/p/{project}/dashboards/{name}/charts/{key}.{kind}")
def chart_file(figures: FromFigures, wish: FromAddress, project: str, name: str, key: str, kind: str) -> Response:
    """One chart alone: `csv`, `svg` or `json`."""
    project = urls.name_of(project)
    board = find_dashboard(figures, project, urls.name_of(name))
    number, _, part = key.partition("-")
    if not number.isascii() or not number.isdigit() or int(number) >= len(board.charts):
        raise NotFound(f"Dashboard {board.name!r} has no chart {key!r}.", hint="Open the dashboard again.")
    shown = _shown(figures, project, Dashboard(board.name, board.title, (board.charts[int(number)],)), wish)
    found = dict(zip(shown.keys, shown.charts, strict=True)).get(f"0-{part}" if part else "0")
    if found is None or kind not in ("csv", "svg", "json"):
        raise NotFound(f"Dashboard {board.name!r} has no {kind} of a chart {key!r}.", hint="Open the dashboard again.")
    chart = found.chart
    if kind == "csv":
        return csv_answer(chart.title, chart.head, ([cell.text for cell in row] for row in chart.rows))
    if kind == "json":
        return JSONResponse(_chart_object(found))
    svg = render("dashboards/chart_alone.html", chart=chart)
    return Response(svg, media_type="image/svg+xml", headers={**file_headers(f"{chart.title}.svg"), **SVG_HEADERS})


def find_dashboard(figures: Figures, project: str, name: str) -> Dashboard:
    return READY[name] if name in READY else dashboard_of(figures.dashboard(project, name))


def _shown(figures: Figures, project: str, board: Dashboard, wish: Asked, *, with_groups: bool = False) -> Shown:
    seen = look(figures, project, _chosen(wish), is_default=not (wish.start or wish.end))
    wanted = panels(figures, project, seen.period, board.charts, by=wish.by, q=wish.q)
    marks = marks_of(project, figures.changes(project, seen.period))
    scene = Scene(project=project, period=seen.period, marks=marks, log=bool(wish.log), tones=draw.tones_of(wanted))
    charts, keys = list[Drawn](), list[str]()
    for number, panel in enumerate(wanted):
        drawn = draw.drawn(panel, scene)
        charts += drawn
        keys += [f"{number}-{part}" for part in range(len(drawn))] if panel.measure.shape == "scores" else [str(number)]
    groups = None
    if with_groups and wish.by:
        groups = top_groups(figures, project, seen.period, GROUPINGS[wish.by], wish.q)
    return Shown(seen, charts, keys, groups)


def _page(request: Request, source: Source, figures: Figures, wish: Asked, project: str, board: Dashboard) -> Response:
    problem, shown = None, None
    try:
        shown = _shown(figures, project, board, wish, with_groups=True)
    except InvalidRequest as error:
        problem = filters.problem(wish.q, error)
    address = urls.dashboard(project, board.name)
    return page(
        request,
        "dashboards/dashboard.html",
        title=f"{board.title}: dashboard",
        source=source,
        project=project,
        section="dashboards",
        status_code=400 if problem else 200,
        board=board,
        boards=[*READY.values(), *(dashboard_of(row) for row in figures.saved(project))],
        wish=wish,
        groupings=BY,
        shown=shown,
        problem=problem,
        has_log=shown is not None and any(one.measure.has_log for one in shown.charts),
        times=picker(_chosen(wish), address, {"by": wish.by, "q": wish.q, "log": wish.log}),
    )


def _chosen(wish: Asked) -> time_range.TimeRange:
    return time_range.parse(wish.start or ("" if wish.end else USUAL), wish.end)


def picker(chosen: time_range.TimeRange, address: str, kept: dict[str, str]) -> time_range.Picker:
    """Without a choice of all time: what no time is asked for shows is the usual one."""
    whole = time_range.picker(chosen, address, kept)
    return replace(whole, choices=[choice for choice in whole.choices if choice.label != "All time"])


def _chart_object(one: Drawn) -> dict[str, Any]:
    return {
        "title": one.chart.title,
        "unit": one.chart.unit,
        "headline": one.headline,
        "change": one.change,
        "notes": list(one.notes),
        "columns": one.chart.head,
        "rows": [[cell.text for cell in row] for row in one.chart.rows],
    }
