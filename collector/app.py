"""The collector's HTTP: OTLP, API and pages on one port."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

import assay
from assay.collector import pages
from assay.collector.api import datasets, experiment_rows, experiments, keys, projects, prompts, scores, traces
from assay.collector.api.errors import add_error_handlers, error_body
from assay.collector.receive_http import TRACES_PATH, receive_traces
from assay.collector.service import Service

ROUTERS = (
    projects.router,
    traces.router,
    scores.router,
    prompts.router,
    datasets.router,
    experiments.router,
    experiment_rows.router,
    keys.router,
)


def create_app(service: Service, *, allowed_hosts: frozenset[str]) -> ASGIApp:
    """The whole application over one service.

    Args:
        allowed_hosts: names by which browsers may reach it; any other Host is refused, which stops DNS rebinding.
    """
    app = FastAPI(title="Assay", version=assay.__version__, docs_url=None, redoc_url=None)
    app.state.service = service
    add_error_handlers(app)
    for router in ROUTERS:
        app.include_router(router)
    getattr(pages, "mount", lambda app: None)(app)

    @app.get("/health", tags=["operation"])
    async def health() -> dict[str, Any]:
        """Whether the collector is up. `pid` tells which process answers."""
        return {"status": "ok", "version": assay.__version__, "pid": os.getpid()}

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if refusal := _refusal(scope, allowed_hosts):
                await refusal(scope, receive, send)
                return
            if scope["path"] == TRACES_PATH:
                await receive_traces(service, scope, receive, send)
                return
        await app(scope, receive, send)

    return asgi


def _refusal(scope: Scope, allowed_hosts: frozenset[str]) -> JSONResponse | None:
    """An answer for requests that a web page elsewhere made a browser send; None for all others."""
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    host = headers.get(b"host", "")
    if allowed_hosts and _hostname(f"//{host}") not in allowed_hosts:
        message = f"Host {host!r} is not one that this collector serves."
        return JSONResponse(
            error_body("invalid_request", message, f"Use one of: {', '.join(sorted(allowed_hosts))}."), 421
        )
    origin = headers.get(b"origin")
    if origin and scope["method"] not in ("GET", "HEAD", "OPTIONS") and urlsplit(origin).netloc != host:
        return JSONResponse(
            error_body("forbidden", f"Requests from {origin} are refused.", "Call it from its own pages."), 403
        )
    return None


def _hostname(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
