"""What every page has in common: the shell around it, its headers, and a page for each error."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute

from assay.collector.api.actor import actor, caller_key
from assay.collector.pages import notices, urls
from assay.collector.pages.forms import keep_session, session_of, token_of
from assay.collector.pages.notices import Notice
from assay.collector.pages.security import PAGE_HEADERS
from assay.collector.pages.service_desk import ServiceDesk
from assay.collector.pages.service_source import ServiceSource
from assay.collector.pages.shell.look import look_of
from assay.collector.pages.source import Desk, Source
from assay.collector.pages.templating import render
from assay.errors import AssayError, Conflict, Forbidden, NotFound, Unauthorized

logger = logging.getLogger(__name__)

PROJECT_COOKIE = "assay_project"
YEAR_S = 365 * 86400


class PageRoute(APIRoute):
    """A route whose errors are pages that say what to do, not JSON."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_with_error_pages(request: Request) -> Response:
            try:
                return await handle(request)
            except (AssayError, RequestValidationError) as error:
                return error_page(request, error)
            except Exception as error:
                logger.exception("The page %s could not be made", request.url.path)
                return error_page(request, error)

        return handle_with_error_pages


def source_of(request: Request) -> Source:
    key = caller_key(request)
    return ServiceSource(request.app.state.service, key.project if key else None)


async def get_source(request: Request) -> Source:  # `async` spares the way to a thread and back, which costs more
    return source_of(request)


def get_desk(request: Request) -> Desk:
    key = caller_key(request)
    return ServiceDesk(request.app.state.service, actor(request, key), key.name if key else None)


def page(
    request: Request,
    template: str,
    *,
    title: str,
    source: Source | None = None,
    project: str | None = None,
    section: str = "",
    status_code: int = 200,
    has_forms: bool = False,
    **context: Any,
) -> HTMLResponse:
    """A whole page: `template` inside the shell. The project is remembered for the next visit of "/".

    `has_forms`: it has forms that change something, which carry the token of the browser's session.
    """
    session, is_new = session_of(request)
    notice = notices.take(request)
    html = render(
        template,
        title=title,
        project=project,
        projects=source.projects() if source else [],
        section=section,
        look=look_of(request),
        notice=notice,
        waiting=_waiting(request, project),
        here=urls.with_query(request.url.path) + (f"?{request.url.query}" if request.url.query else ""),
        endpoint=str(request.base_url).rstrip("/"),
        form_token=token_of(session) if has_forms else None,
        **context,
    )
    response = HTMLResponse(html, status_code=status_code, headers=dict(PAGE_HEADERS))
    if project is not None and request.cookies.get(PROJECT_COOKIE) != urls.segment(project):
        remember(response, PROJECT_COOKIE, urls.segment(project))
    if notice is not None:
        notices.forget(response)
    if has_forms and is_new:
        keep_session(request, response, session)
    return response


def _waiting(request: Request, project: str | None) -> dict[str, int]:
    """What waits for people, by the section of the rail that it is in."""
    service = getattr(request.app.state, "service", None)
    if service is None or project is None:
        return {}
    try:
        return {"review": service.registry.review_queues.waiting(project)}
    except AssayError:  # the page itself says what is wrong, or does without
        return {}


def fragment(template: str, **context: Any) -> HTMLResponse:
    """A part of a page, for scripts: they accept nothing without this header as markup."""
    return HTMLResponse(render(template, **context), headers={**PAGE_HEADERS, "X-Assay-Fragment": "1"})


def redirect(path: str, *, status_code: int = 302, notice: Notice | None = None) -> RedirectResponse:
    """Lead to `path`; `notice` is said on the page there."""
    response = RedirectResponse(path, status_code=status_code, headers=dict(PAGE_HEADERS))
    if notice is not None:
        notices.give(response, notice)
    return response


def remember(response: Response, cookie: str, value: str) -> None:
    response.set_cookie(cookie, value, max_age=YEAR_S, samesite="lax", httponly=True, path="/")


def seen_project(request: Request) -> str | None:
    """The project that this browser saw last, if it saw one."""
    return urls.name_of(request.cookies.get(PROJECT_COOKIE, "")) or None


def wants_page(request: Request) -> bool:
    """Whether an error should be answered with a page: a browser asks, and not for the API."""
    asks_for_html = "text/html" in request.headers.get("accept", "")
    return asks_for_html and not request.url.path.startswith(("/api/", "/v1/"))


IN_WORDS = {
    "missing": "is missing",
    "int_parsing": "is no whole number",
    "bool_parsing": "is neither true nor false",
    "float_parsing": "is no number",
}


def _in_words(problem: Mapping[str, Any]) -> str:
    """What is wrong with one parameter of an address."""
    name, said = problem["loc"][-1], IN_WORDS.get(problem["type"])
    if said is None:
        return f"{name}: {problem['msg']}"
    return f"{name} {said}" if problem["type"] == "missing" else f"{name} {str(problem['input'])[:100]!r} {said}"


def error_page(request: Request, error: Exception) -> HTMLResponse:
    """What went wrong and what to do about it, for a person. Faults of ours are logged, not shown."""
    if isinstance(error, NotFound):
        status, title, message, hint = 404, "Not found", error.message, error.hint
    elif isinstance(error, RequestValidationError):
        status, title, hint = 400, "That cannot be answered", "The address may be mistyped or cut short."
        message = "; ".join(map(_in_words, error.errors()[:5])) + "."
    elif isinstance(error, Forbidden):
        status, title, message, hint = 403, "Not allowed", error.message, error.hint
    elif isinstance(error, Conflict):
        status, title, message, hint = 409, "Somebody else was faster", error.message, error.hint
    elif isinstance(error, Unauthorized):
        status, title, message, hint = 401, "A key is needed", error.message, error.hint
    elif isinstance(error, AssayError) and isinstance(error, ValueError):  # something asked for cannot be used
        status, title, message, hint = 400, "That cannot be answered", error.message, error.hint
    elif isinstance(error, AssayError):
        status, title, message, hint = 503, "The collector cannot answer now", error.message, error.hint
    else:
        status, title, message = (
            500,
            "This page could not be made",
            "The fault is ours. The collector's log has the details.",
        )
        hint = "The data is safe, and the API may still answer. Please report it with the log's traceback."
    named = request.path_params.get("project")
    project = None if named is None else urls.name_of(named)
    return page(
        request, "shell/error.html", title=title, project=project, status_code=status, message=message, hint=hint
    )
