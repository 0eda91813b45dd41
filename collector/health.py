"""Whether the collector is up: the one question that is answered before the API is loaded."""

from __future__ import annotations

import os
from typing import Any

from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

import assay


async def health() -> dict[str, Any]:
    """Whether the collector is up. `pid` tells which process answers."""
    return {"status": "ok", "version": assay.__version__, "pid": os.getpid()}


def asks_for_health(scope: Scope) -> bool:
    return bool(scope["method"] == "GET" and scope["path"] == "/health")


async def answer_health(scope: Scope, receive: Receive, send: Send) -> None:
    await JSONResponse(await health())(scope, receive, send)
