"""The collector's HTTP: OTLP, API and pages on one port."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

import assay
from assay.collector import pages
from assay.collector.access import Access
from assay.collector.api import datasets, experiment_rows, experiments, keys, projects, prompts, scores, traces
from assay.collector.api.errors import MisdirectedRequest, add_error_handlers, error_response
from assay.collector.receive_http import (
    METRICS_PATH,
    OTLP_PATHS,
    TRACES_PATH,
    answer_error,
    drop_metrics,
    receive_traces,
)
from assay.collector.service import Service
from assay.errors import AssayError, Forbidden

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


def create_app(service: Service, *, allowed_hosts: frozenset[str], keys_required: bool = False) -> ASGIApp:
    """The whole application over one service.

    Args:
        allowed_hosts: names by which browsers may reach it; any other Host is refused, which stops DNS rebinding.
            Empty: any name.
        keys_required: every request needs a key, as it must where other machines can reach the port.
    """
    # FastAPI traces itself: in a traced program its requests would stand among the traces of the user
    app = FastAPI(
        title="Assay",
        version=assay.__version__,
        docs_url=None,
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
    )
    app.state.service = service
    add_error_handlers(app)
    for router in ROUTERS:
        app.include_router(router)
    pages.mount(app)

    @app.get("/health", tags=["operation"])
    async def health() -> dict[str, Any]:
        """Whether the collector is up. `pid` tells which process answers."""
        return {"status": "ok", "version": assay.__version__, "pid": os.getpid()}

    access = Access(service.registry, required=keys_required)

    async def refuse(error: AssayError, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] in OTLP_PATHS:
            await answer_error(send, error)
        else:
            await error_response(error)(scope, receive, send)

    async def asgi(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            try:
                _refuse_foreign_pages(scope, allowed_hosts)
                key = access.check(scope)
                scope["state"] = {**scope.get("state", {}), "key": key}
            except AssayError as error:
                await refuse(error, scope, receive, send)
                return
            if scope["path"] == TRACES_PATH:
                await receive_traces(service, scope, receive, send, project=key.project if key else None)
                return
            if scope["path"] == METRICS_PATH:
                await drop_metrics(service, scope, receive, send)
                return
        await app(scope, receive, send)

    return asgi


def _refuse_foreign_pages(scope: Scope, allowed_hosts: frozenset[str]) -> None:
    """Refuse what a web page elsewhere made a browser send."""
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    host = headers.get(b"host", "")
    if allowed_hosts and _hostname(f"//{host}") not in allowed_hosts:
        known = ", ".join(sorted(allowed_hosts))
        raise MisdirectedRequest(f"Host {host!r} is not one that this collector serves.", hint=f"Use one of: {known}.")
    origin = headers.get(b"origin")
    if origin and scope["method"] not in ("GET", "HEAD", "OPTIONS") and urlsplit(origin).netloc != host:
        raise Forbidden(f"Requests from {origin} are refused.", hint="Call it from its own pages.")


def _hostname(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
