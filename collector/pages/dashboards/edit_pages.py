"""Routes: a dashboard put together, changed or deleted by plain forms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from assay.collector.filter import compile_trace_filter
from assay.collector.pages import urls
from assay.collector.pages.dashboards.dashboard_pages import FromFigures
from assay.collector.pages.dashboards.definitions import (
    ChartSpec,
    charts_of_form,
    checked_name,
    dashboard_of,
)
from assay.collector.pages.dashboards.groupings import GROUPINGS
from assay.collector.pages.dashboards.measures import MEASURES
from assay.collector.pages.forms import Form, Posted
from assay.collector.pages.notices import Notice
from assay.collector.pages.source import Source
from assay.collector.pages.traces.filters import to_filter
from assay.collector.pages.web import PageRoute, get_source, page, redirect
from assay.errors import AssayError, Conflict, Forbidden, InvalidRequest

router = APIRouter(route_class=PageRoute, include_in_schema=False)
FromSource = Annotated[Source, Depends(get_source)]
EMPTY_LINES = 4
STATUS: Mapping[type[AssayError], int] = {Conflict: 409, Forbidden: 403}


@router.get("/p/{project}/dashboards/new")
def new(request: Request, source: FromSource, project: str) -> Response:
    return _form_page(request, source, urls.name_of(project), None, "", [])


@router.post("/p/{project}/dashboards/new")
def create(request: Request, source: FromSource, figures: FromFigures, form: Posted, project: str) -> Response:
    project, name = urls.name_of(project), form.one("name")
    try:
        charts = _charts(form)
        made = figures.create(project, checked_name(name), [one.to_dict() for one in charts])
    except (InvalidRequest, Conflict, Forbidden) as error:
        return _form_page(request, source, project, None, name, _as_typed(form), error)
    return redirect(urls.dashboard(project, made["name"]), status_code=303, notice=Notice("The dashboard is kept."))


@router.get("/p/{project}/dashboards/{name}/edit")
def edit(request: Request, source: FromSource, figures: FromFigures, project: str, name: str) -> Response:
    project, name = urls.name_of(project), urls.name_of(name)
    board = dashboard_of(figures.dashboard(project, name))
    return _form_page(request, source, project, name, name, list(board.charts))


@router.post("/p/{project}/dashboards/{name}/edit")
def change(
    request: Request, source: FromSource, figures: FromFigures, form: Posted, project: str, name: str
) -> Response:
    """Whichever button was pressed: kept as it is now, or deleted."""
    project, name = urls.name_of(project), urls.name_of(name)
    if form.one("action") == "delete":
        figures.delete(project, name)
        return redirect(
            urls.dashboards(project), status_code=303, notice=Notice(f"The dashboard {name!r} was deleted.")
        )
    new_name = form.one("name")
    try:
        charts = [one.to_dict() for one in _charts(form)]
        changed = figures.change(project, name, new_name=checked_name(new_name), charts=charts)
    except (InvalidRequest, Conflict, Forbidden) as error:
        return _form_page(request, source, project, name, new_name, _as_typed(form), error)
    return redirect(urls.dashboard(project, changed["name"]), status_code=303, notice=Notice("The change is kept."))


def _charts(form: Form) -> list[ChartSpec]:
    charts = charts_of_form(form.all("measure"), form.all("by"), form.all("q"))
    for chart in charts:
        compile_trace_filter(to_filter(chart.q))
    return charts


def _as_typed(form: Form) -> list[ChartSpec]:
    groups, filters = form.all("by"), form.all("q")
    lines = zip(form.all("measure"), groups + [""] * 100, filters + [""] * 100, strict=False)
    return [ChartSpec(measure, by, q) for measure, by, q in lines if measure or by or q]


def _form_page(
    request: Request,
    source: Source,
    project: str,
    name: str | None,
    typed_name: str,
    charts: list[ChartSpec],
    problem: AssayError | None = None,
) -> Response:
    """`name`: of the dashboard that is changed; None for a new one."""
    return page(
        request,
        "dashboards/edit.html",
        title="New dashboard" if name is None else f"{name}: change",
        source=source,
        project=project,
        section="dashboards",
        has_forms=True,
        status_code=200 if problem is None else STATUS.get(type(problem), 400),
        name=name,
        typed_name=typed_name,
        lines=[*charts, *[ChartSpec("")] * EMPTY_LINES],
        measures=list(MEASURES.values()),
        groupings=list(GROUPINGS.values()),
        problem=problem,
    )
