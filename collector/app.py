"""The collector's HTTP: OTLP, API and pages on one port.

API and pages are each loaded by the first request that needs them: they are more than half of all that the collector is
made of, and one that only takes spans in, as the one embedded in a traced program, never pays for them.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Receive, Scope, Send

from assay.collector.access import Access
from assay.collector.api.errors import error_response
from assay.collector.guard import Guard
from assay.collector.health import answer_health, asks_for_health
from assay.collector.limits import NO_LIMITS, Limits
from assay.collector.receive_http import MAX_BODY_BYTES, OtlpReceiver
from assay.collector.service import Service
from assay.errors import AssayError

if TYPE_CHECKING:
    from assay.collector.registry import Key


OF_THE_API = ("/api/", "/v1/", "/metrics", "/openapi.json", "/health")


class LoadedWhenAsked:
    """An application that `make` makes for the first request to it, beside the event loop."""

    def __init__(self, make: Callable[[], ASGIApp]) -> None:
        self._make = make
        self._made: ASGIApp | None = None
        self._making = threading.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (app := self._made) is None:
            app = await asyncio.to_thread(self._load)
        await app(scope, receive, send)

    def _load(self) -> ASGIApp:
        with self._making:
            if self._made is None:
                self._made = self._make()
            return self._made


def create_app(
    service: Service,
    *,
    allowed_hosts: frozenset[str],
    keys_required: bool = False,
    limits: Limits = NO_LIMITS,
    access: Access | None = None,
    max_body_bytes: int = MAX_BODY_BYTES,
    cors_origins: Collection[str] = (),
    dev: bool = False,
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
        dev: with the pages for people who work on the pages.
    """

    def load_api() -> ASGIApp:
        from assay.collector.api.application import create_api

        return create_api(service)

    def load_pages() -> ASGIApp:
        from assay.collector.pages.app import create_pages

        return create_pages(service, dev=dev)

    api, pages = LoadedWhenAsked(load_api), LoadedWhenAsked(load_pages)

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and otlp.takes(scope):
            await otlp.receive(scope, receive, send, project=_own_project(scope))
        elif scope["type"] == "http" and asks_for_health(scope):
            await answer_health(scope, receive, send)
        elif scope["type"] == "http" and not scope["path"].startswith(OF_THE_API):
            await pages(scope, receive, send)
        else:
            await api(scope, receive, send)

    async def refuse(error: AssayError, scope: Scope, receive: Receive, send: Send) -> None:
        if otlp.takes(scope):
            await otlp.refuse(scope, send, error)
        else:
            await error_response(error)(scope, receive, send)

    otlp = OtlpReceiver(service, max_body_bytes=max_body_bytes, cors_origins=cors_origins)
    guard = Guard(
        route,
        access or Access(service.registry if keys_required else None, required=keys_required, limits=limits),
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
