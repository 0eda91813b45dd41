"""The collector's HTTP: OTLP, API and pages on one port."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

import assay
from assay.collector import pages
from assay.collector.access import Access
from assay.collector.api import (
    audit,
    datasets,
    experiment_rows,
    experiments,
    keys,
    life,
    live,
    metrics,
    projects,
    prompts,
    repricing,
    scores,
    sql,
    stats,
    traces,
)
from assay.collector.api.errors import add_error_handlers, error_response
from assay.collector.api.parameters import KNOWN_PARAMETERS_ONLY
from assay.collector.guard import Guard
from assay.collector.limits import NO_LIMITS, Limits
from assay.collector.receive_http import MAX_BODY_BYTES, OtlpReceiver
from assay.collector.registry import Key
from assay.collector.service import Service
from assay.errors import AssayError

ROUTERS = (
    projects.router,
    traces.router,
    stats.router,
    live.router,
    metrics.router,
    scores.router,
    prompts.router,
    datasets.router,
    experiments.router,
    experiment_rows.router,
    keys.router,
    audit.router,
    sql.router,
    life.router,
    repricing.router,
)


def create_api(service: Service) -> FastAPI:
    """The API and the pages, without what guards them: for `create_app`, and for lists of what there is."""
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
        app.include_router(router, dependencies=[KNOWN_PARAMETERS_ONLY])
    pages.mount(app)

    @app.get("/health", tags=["operation"])
    async def health() -> dict[str, Any]:
        """Whether the collector is up. `pid` tells which process answers."""
        return {"status": "ok", "version": assay.__version__, "pid": os.getpid()}

    return app


def create_app(
    service: Service,
    *,
    allowed_hosts: frozenset[str],
    keys_required: bool = False,
    limits: Limits = NO_LIMITS,
    access: Access | None = None,
    max_body_bytes: int = MAX_BODY_BYTES,
    cors_origins: Collection[str] = (),
) -> ASGIApp:
    """The whole application over one service.

    Args:
        allowed_hosts: names by which browsers may reach it; any other Host is refused, which stops DNS rebinding.
            Empty: any name.
        keys_required: every request needs a key, as it must where other machines can reach the port.
        limits: what one key may send a second.
        access: who checks keys, where another transport does so too; in place of `keys_required` and `limits`.
        max_body_bytes: of an OTLP request, after decompression.
        cors_origins: of web pages that may send OTLP from a browser.
    """
    app = create_api(service)

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and otlp.takes(scope):
            await otlp.receive(scope, receive, send, project=_own_project(scope))
        else:
            await app(scope, receive, send)

    async def refuse(error: AssayError, scope: Scope, receive: Receive, send: Send) -> None:
        if otlp.takes(scope):
            await otlp.refuse(scope, send, error)
        else:
            await error_response(error)(scope, receive, send)

    otlp = OtlpReceiver(service, max_body_bytes=max_body_bytes, cors_origins=cors_origins)
    guard = Guard(
        route,
        access or Access(service.registry, required=keys_required, limits=limits),
        allowed_hosts=allowed_hosts,
        refuse=refuse,
        is_allowed_from_elsewhere=otlp.allows_origin,
    )
    if not cors_origins:
        return guard

    async def with_preflight(scope: Scope, receive: Receive, send: Send) -> None:
        # Browsers ask without the key: what they get tells nothing but that the page may ask.
        if scope["type"] != "http" or not await otlp.preflight(scope, send):
            await guard(scope, receive, send)

    return with_preflight


def _own_project(scope: Scope) -> str | None:
    """The one project of the key that a request was let in with: its spans are filed there."""
    key: Key | None = scope["state"]["key"]
    return key.project if key else None
