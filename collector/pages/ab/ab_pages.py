"""Routes: the A/B tests of a project, and one of them: its health, its effects, its end."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from assay.collector.pages import urls
from assay.collector.pages.ab import ab_view
from assay.collector.pages.forms import Posted
from assay.collector.pages.prompts.lineage_view import filter_of_arm
from assay.collector.pages.prompts.prompt_edit_pages import MENDABLE, status_of
from assay.collector.pages.snippets import ab_test_snippet
from assay.collector.pages.source import Desk, Row, Source
from assay.collector.pages.web import PageRoute, get_desk, get_source, page, redirect
from assay.errors import AssayError, CollectorUnavailable, InvalidRequest

router = APIRouter(route_class=PageRoute, include_in_schema=False)
FromSource = Annotated[Source, Depends(get_source)]
AtDesk = Annotated[Desk, Depends(get_desk)]

DEFAULT_ALIAS = "production"


@router.get("/p/{project}/ab")
def ab_test_list(request: Request, source: FromSource, project: str, after: str = "") -> Response:
    project = urls.name_of(project)
    found = source.ab_tests(project, cursor=after or None)
    return page(
        request,
        "ab/list.html",
        title="A/B tests",
        source=source,
        project=project,
        section="ab",
        tests=found.items,
        next_cursor=found.next_cursor,
        view=ab_view,
        snippets=[ab_test_snippet(str(request.base_url).rstrip("/"), project)],
    )


@router.get("/p/{project}/ab/{name}")
def ab_test(request: Request, source: FromSource, project: str, name: str, done: str = "") -> Response:
    return _test_page(request, source, urls.name_of(project), urls.name_of(name), is_done=done == "stopped")


@router.post("/p/{project}/ab/{name}")
def stop(request: Request, source: FromSource, desk: AtDesk, form: Posted, project: str, name: str) -> Response:
    project, name = urls.name_of(project), urls.name_of(name)
    try:
        if form.line("reason") is None:
            raise InvalidRequest("No reason was given.", hint="Say in a few words why; it is kept with the decision.")
        desk.stop_ab_test(
            project,
            name,
            promote=form.line("promote"),
            alias=form.line("alias"),
            reason=form.line("reason"),
            author=form.line("author"),
        )
    except MENDABLE as error:
        return _test_page(request, source, project, name, problem=error)
    return redirect(urls.ab_test(project, name, done="stopped"), status_code=303)


def _test_page(
    request: Request,
    source: Source,
    project: str,
    name: str,
    *,
    is_done: bool = False,
    problem: AssayError | None = None,
) -> Response:
    test = source.ab_test(project, name)
    report: Row | None = None
    away: AssayError | None = None
    try:
        report = source.ab_report(project, name)
    except CollectorUnavailable as error:  # how the test was declared and how to stop it is known all the same
        away = error
    return page(
        request,
        "ab/test.html",
        title=f"{name}: A/B test",
        source=source,
        project=project,
        section="ab",
        has_forms=True,
        status_code=status_of(problem),
        test=test,
        report=report,
        away=away,
        view=ab_view,
        groups=ab_view.metric_groups(report) if report else [],
        metrics=ab_view.metric_names(report) if report else [],
        filter_of_arm=filter_of_arm,
        is_done=is_done,
        problem=problem,
        default_alias=DEFAULT_ALIAS,
    )
