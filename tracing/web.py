"""The trace across services: middleware for web applications, and headers on the requests of HTTP clients.

Only W3C headers are read and written; a span for the request itself is the business of OpenTelemetry's
instrumentations, which work beside this.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, TypeVar

from assay.errors import ConfigurationError
from assay.tracing.propagation import continue_trace, inject_into

Scope = MutableMapping[str, Any]
AsgiApp = Callable[[Scope, Callable[..., Awaitable[Any]], Callable[..., Awaitable[Any]]], Awaitable[None]]
C = TypeVar("C")


class AsgiMiddleware:
    """Requests to an ASGI application (Starlette, FastAPI, Litestar, Django) continue their sender's trace.

    app.add_middleware(assay.AsgiMiddleware)
    """

    def __init__(self, app: AsgiApp) -> None:
        self.app = app

    async def __call__(
        self, scope: Scope, receive: Callable[..., Awaitable[Any]], send: Callable[..., Awaitable[Any]]
    ) -> None:
        if scope.get("type") not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        with continue_trace(_headers_of_asgi(scope)):
            await self.app(scope, receive, send)


def _headers_of_asgi(scope: Scope) -> dict[str, str]:
    wanted = (b"traceparent", b"tracestate", b"baggage")
    found: dict[str, str] = {}
    for name, value in scope.get("headers") or ():
        if name in wanted:
            text = value.decode("latin-1")
            before = found.get(name.decode())
            found[name.decode()] = f"{before},{text}" if before else text  # of several lines, as of one list
    return found


class WsgiMiddleware:
    """Requests to a WSGI application (Flask, Django, Bottle) continue their sender's trace.

    app.wsgi_app = assay.WsgiMiddleware(app.wsgi_app)
    """

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self.app = app

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        names = {"HTTP_TRACEPARENT": "traceparent", "HTTP_TRACESTATE": "tracestate", "HTTP_BAGGAGE": "baggage"}
        with continue_trace({header: environ[name] for name, header in names.items() if name in environ}):
            return self.app(environ, start_response)


def propagate(client: C) -> C:
    """Let an HTTP client send the current trace's headers with every request; returns the client.

    Takes `httpx.Client`, `httpx.AsyncClient` and `requests.Session`; a second time changes nothing.

    Raises:
        ConfigurationError: it is none of these.
    """
    hooks = getattr(client, "event_hooks", None)
    if isinstance(hooks, dict) and "request" in hooks:
        hook = _add_headers_later if hasattr(client, "aclose") else _add_headers
        if hook not in hooks["request"]:
            client.event_hooks = {**hooks, "request": [*hooks["request"], hook]}  # type: ignore[attr-defined]
        return client
    send: Any = getattr(client, "send", None)
    if hasattr(client, "mount") and send is not None:
        if not getattr(send, "_assay", False):
            client.send = _sender(send)  # type: ignore[attr-defined]
        return client
    raise ConfigurationError(
        f"assay.propagate does not know clients of type {type(client).__qualname__}.",
        hint="Give it an httpx.Client, httpx.AsyncClient or requests.Session, or send assay.trace_headers() yourself.",
    )


def _add_headers(request: Any) -> None:
    inject_into(request.headers)


async def _add_headers_later(request: Any) -> None:
    inject_into(request.headers)


def _sender(send: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(send)
    def sending(request: Any, **options: Any) -> Any:
        inject_into(request.headers)
        return send(request, **options)

    sending._assay = True  # type: ignore[attr-defined]
    return sending
