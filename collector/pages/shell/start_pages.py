"""Routes: the start, the projects, how they look, static files."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from assay.collector.pages import urls
from assay.collector.pages.assets import ASSETS
from assay.collector.pages.forms import read_form
from assay.collector.pages.security import from_our_pages, local_path
from assay.collector.pages.shell.look import CHOICES, COOKIE, look_of
from assay.collector.pages.snippets import tracing_snippets
from assay.collector.pages.source import Source
from assay.collector.pages.web import PROJECT_COOKIE, PageRoute, get_source, page, redirect, remember
from assay.errors import InvalidRequest, NotFound
from assay.settings import DEFAULT_PROJECT

router = APIRouter(route_class=PageRoute, include_in_schema=False)
FromSource = Annotated[Source, Depends(get_source)]


@router.get("/")
def start(request: Request, source: FromSource) -> Response:
    """The project seen last, or the only one there is; else the list."""
    projects = source.projects()
    last = urls.name_of(request.cookies.get(PROJECT_COOKIE, ""))
    if last in projects or len(projects) == 1:
        return redirect(urls.project(last if last in projects else projects[0]))
    return _projects(request, source, projects)


@router.get("/projects")
def project_list(request: Request, source: FromSource) -> Response:
    return _projects(request, source, source.projects())


@router.post("/look")
async def set_look(request: Request) -> Response:
    """Keep what someone chose. Works as a plain form; the script only spares the reload."""
    if not from_our_pages(request.headers):
        raise InvalidRequest("How pages look is chosen on our own pages only.", hint="Use the buttons in the rail.")
    form = await read_form(request)
    look = look_of(request)
    for name in CHOICES:
        if name in form.fields:
            look = look.choose(name, form.one(name))
    response = redirect(local_path(form.one("next")), status_code=303)
    remember(response, COOKIE, look.cookie())
    return response


@router.get("/static/{build}/{name}")
def static_file(request: Request, build: str, name: str) -> Response:
    asset = ASSETS.files.get(name)
    if asset is None:
        raise NotFound(f"There is no file {name!r}.", hint="Reload the page that asked for it.")
    headers = {
        "Cache-Control": ASSETS.caching(build),
        "X-Content-Type-Options": "nosniff",
        "Vary": "Accept-Encoding",
    }
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(asset.packed, media_type=asset.media_type, headers={**headers, "Content-Encoding": "gzip"})
    return Response(asset.content, media_type=asset.media_type, headers=headers)


def _projects(request: Request, source: Source, projects: list[str]) -> Response:
    snippets: list[Any] = tracing_snippets(str(request.base_url).rstrip("/"), DEFAULT_PROJECT)
    return page(
        request,
        "shell/projects.html",
        title="Projects",
        source=source,
        snippets=snippets,
        has_forms=not projects,
        sample_project=DEFAULT_PROJECT,
    )
