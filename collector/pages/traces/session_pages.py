"""Routes: a session, which is one conversation over several traces."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse

from assay.collector.pages import urls
from assay.collector.pages.source import Source
from assay.collector.pages.traces.details_source import DetailsSource, get_details
from assay.collector.pages.traces.session_view import turns_of_session
from assay.collector.pages.web import PageRoute, get_source, page, redirect

router = APIRouter(route_class=PageRoute, include_in_schema=False)
FromSource = Annotated[Source, Depends(get_source)]
FromDetails = Annotated[DetailsSource, Depends(get_details)]
After = Annotated[str | None, Query(max_length=2000)]


@router.get("/p/{project}/sessions")
def session_list(project: str) -> Response:
    return redirect(urls.sessions(urls.name_of(project)))


@router.get("/p/{project}/sessions/{session_id}.json")
def session_json(more: FromDetails, project: str, session_id: str, after: After = None) -> Response:
    return JSONResponse(more.session(urls.name_of(project), urls.name_of(session_id), after or None))


@router.get("/p/{project}/sessions/{session_id}")
def session(
    request: Request, source: FromSource, more: FromDetails, project: str, session_id: str, after: After = None
) -> Response:
    project = urls.name_of(project)
    found = more.session(project, urls.name_of(session_id), after or None)
    as_text = request.query_params.get("text") == "plain"
    return page(
        request,
        "traces/session.html",
        title="Session",
        source=source,
        project=project,
        section="sessions",
        session=found,
        turns=turns_of_session(found["traces"]),
        is_first=not after,
        as_text=as_text,
        toggle=urls.session(project, found["session_id"], after=after, text=None if as_text else "plain"),
        next=found["next_cursor"]
        and urls.session(project, found["session_id"], after=found["next_cursor"], text="plain" if as_text else None),
    )
