"""The pages as an application of their own: what answers the API alone, as in a traced program, loads none of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse
from starlette.exceptions import HTTPException

from assay.collector.api.error_handlers import add_error_handlers
from assay.collector.api.untraced import UNTRACED
from assay.collector.pages.ab import ab_pages
from assay.collector.pages.dashboards import dashboard_pages, edit_pages
from assay.collector.pages.datasets import dataset_pages
from assay.collector.pages.dev import component_pages
from assay.collector.pages.experiments import compare_pages, eval_pages
from assay.collector.pages.overview import overview_pages
from assay.collector.pages.playground import playground_pages
from assay.collector.pages.prompts import prompt_edit_pages, prompt_pages
from assay.collector.pages.review import item_pages, queue_pages, send_pages
from assay.collector.pages.settings import alert_pages, care_pages, key_pages, online_pages
from assay.collector.pages.shell import help_pages, search_pages, start_pages
from assay.collector.pages.traces import (
    event_pages,
    list_action_pages,
    list_pages,
    sample_pages,
    score_pages,
    session_pages,
    span_pages,
    trace_compare_pages,
    trace_pages,
    tree_pages,
)
from assay.collector.pages.traces import send_pages as send_to_dataset
from assay.collector.pages.web import error_page, redirect, wants_page
from assay.errors import NotFound

if TYPE_CHECKING:
    from assay.collector.service import Service

ROUTERS = (
    start_pages.router,
    overview_pages.router,
    help_pages.router,
    search_pages.router,
    list_pages.router,
    list_action_pages.router,
    sample_pages.router,
    trace_compare_pages.router,  # before the pages of traces, whose ids take the same place
    event_pages.router,
    tree_pages.router,
    score_pages.router,
    trace_pages.router,
    span_pages.router,
    session_pages.router,
    send_to_dataset.router,
    prompt_edit_pages.router,  # before those whose names take the rest of the path
    prompt_pages.router,
    edit_pages.router,  # before the dashboards, whose names take the same place
    dashboard_pages.router,
    dataset_pages.router,
    compare_pages.router,
    playground_pages.router,
    eval_pages.router,
    ab_pages.router,
    key_pages.router,
    care_pages.router,
    online_pages.router,
    alert_pages.router,
    send_pages.router,
    item_pages.router,  # before the pages of queues, whose names take the same place
    queue_pages.router,
)


def create_pages(service: Service, *, dev: bool = False) -> FastAPI:
    """The pages without what guards them: for `collector/app.py`, and for lists of what there is.

    dev: those for people who work on the pages, too.
    """
    app = FastAPI(title="Assay", openapi_url=None, docs_url=None, redoc_url=None, telemetry=UNTRACED)
    app.state.service = service
    add_error_handlers(app)
    mount(app, dev=dev)
    return app


def mount(app: FastAPI, *, dev: bool = False) -> None:
    """Add the pages to `app`, and answer a browser's wrong address with a page. Programs get what they got before."""
    for router in (*ROUTERS, component_pages.router) if dev else ROUTERS:
        app.include_router(router)
    before = app.exception_handlers.get(HTTPException)

    async def http_error(request: Request, error: HTTPException) -> Response:
        if error.status_code == 404 and (path := _with_slashes_kept(request)):
            return redirect(path)
        if error.status_code == 404 and wants_page(request):
            missing = NotFound(f"There is nothing at {request.url.path}.", hint="The address may be mistyped or old.")
            return error_page(request, missing)
        answer = before(request, error) if before else None
        if answer is None:
            return PlainTextResponse(str(error.detail), error.status_code, headers=error.headers)
        return answer if isinstance(answer, Response) else await answer

    app.add_exception_handler(HTTPException, http_error)  # type: ignore[arg-type]  # Starlette's handlers take any Exception


def _with_slashes_kept(request: Request) -> str | None:
    """The address that a link with a plainly encoded "/" in a name meant: the server decoded it before it routed."""
    raw: bytes = request.scope.get("raw_path") or b""
    path, _, query = raw.decode("ascii", "replace").partition("?")
    if not path.startswith("/p/") or "%2f" not in path.lower():
        return None
    kept = re.sub("%2f", "%252F", path, flags=re.IGNORECASE)
    query = query or request.url.query
    return f"{kept}?{query}" if query else kept
