"""The outermost layer of the collector's HTTP: nothing is routed that has not passed here.

In this order: the Host (DNS rebinding), the Origin (pages of other sites), the key and its limits, the media type.
Every answer gets the headers that keep browsers from making more of it than it is.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assay.collector.access import REMEMBER_S, Access, Admitted
from assay.collector.api.errors import MisdirectedRequest, TooLarge, UnsupportedMediaType
from assay.collector.limits import TooManyRequests
from assay.collector.scopes import READING, UNDECLARED, Rule, rules_of
from assay.errors import AssayError, Forbidden

logger = logging.getLogger("assay.collector.requests")

Refuse = Callable[[AssayError, Scope, Receive, Send], Awaitable[None]]

# Set where an answer does not say otherwise; pages bring stricter ones of their own.
ANSWER_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


class Guard:
    """Lets requests through to `app`, or has them refused."""

    def __init__(
        self,
        app: ASGIApp,
        access: Access,
        *,
        allowed_hosts: frozenset[str],
        refuse: Refuse,
        is_allowed_from_elsewhere: Callable[[Scope], bool] = lambda scope: False,
    ) -> None:
        """`allowed_hosts`: names by which it may be reached; empty: any. `refuse` answers in the form of the route.
        `is_allowed_from_elsewhere`: whether the pages of another site were given leave to send this.
        """
        self._app = app
        self._access = access
        self._allowed_hosts = allowed_hosts
        self._refuse = refuse
        self._is_allowed_from_elsewhere = is_allowed_from_elsewhere

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # there are no web sockets here, and none shall come in unseen
            await send({"type": "websocket.close", "code": 1008})
            return
        answer = _Answer(scope, send)
        try:
            refuse_foreign_hosts(scope, self._allowed_hosts)
            if not self._is_allowed_from_elsewhere(scope):
                refuse_foreign_pages(scope)
            admitted = self._access.check(scope)
            rules = rules_of(scope["method"], scope["path"])
            _refuse_body(scope, rules)
        except AssayError as error:
            if isinstance(error, TooManyRequests):
                answer.retry_after_s = error.retry_after_s
            await self._refuse(error, scope, receive, answer.send)
        else:
            scope["state"] = {**scope.get("state", {}), "key": admitted.key}
            answer.watch(self._access, admitted)
            try:
                await self._app(scope, self._counted(receive, admitted, rules), answer.send)
            except KeyRevoked:
                logger.info("an answer ended early: its key is no longer valid")
        answer.log(scope)

    def _counted(self, receive: Receive, admitted: Admitted, rules: list[Rule]) -> Receive:
        """`receive`, with what it reads counted against the sender's limit and the route's."""
        looks_for_itself = any(rule.body is None for rule in rules)
        size = 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            if body := message.get("body"):
                self._access.limiter.charge(admitted.sender, len(body))
                size += len(body)
                if not looks_for_itself:
                    _refuse_size(size, rules)
            return message

        return counted


class KeyRevoked(OSError):
    """Raised into an answer that is still being sent when its key has ended. An OSError, as for a client that left."""


class _Answer:
    """What goes back: with the headers of ANSWER_HEADERS, and only for as long as the key is good."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._send = send
        self._begun = time.monotonic()
        self._checked = self._begun
        self._access: Access | None = None
        self._admitted = Admitted()
        self.status = 0
        self.retry_after_s: int | None = None

    def watch(self, access: Access, admitted: Admitted) -> None:
        self._access, self._admitted = access, admitted

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message = {**message, "headers": self._with_headers(message.get("headers", []))}
        elif self._access is not None and time.monotonic() - self._checked > REMEMBER_S:
            self._checked = time.monotonic()
            if not self._access.still_valid(self._admitted):
                await self._send({"type": "http.response.body", "body": b"", "more_body": False})
                raise KeyRevoked("the key of this answer has ended")
        await self._send(message)

    def _with_headers(self, given: Any) -> list[tuple[bytes, bytes]]:
        headers = [(bytes(name), bytes(value)) for name, value in given]
        if self.retry_after_s is not None:
            headers = [header for header in headers if header[0].lower() != b"retry-after"]
            headers.append((b"retry-after", str(self.retry_after_s).encode()))
        said = {name.lower() for name, _ in headers}
        return headers + [header for header in ANSWER_HEADERS if header[0] not in said]

    def log(self, scope: Scope) -> None:
        if logger.isEnabledFor(logging.INFO):
            client = scope.get("client")
            logger.info(
                "%s %s answered %s in %.1f ms",
                scope["method"],
                scope["path"],
                self.status or "nothing",
                (time.monotonic() - self._begun) * 1000,
                extra={"key": self._admitted.sender, "address": client[0] if client else None},
            )


def refuse_foreign_hosts(scope: Mapping[str, Any], allowed_hosts: frozenset[str]) -> None:
    """Refuse what came by a name of somebody else's that leads here.

    Raises:
        MisdirectedRequest: the Host is none of `allowed_hosts`.
    """
    host = _headers(scope).get(b"host", "")
    if allowed_hosts and _hostname(f"//{host}") not in allowed_hosts:
        known = ", ".join(sorted(allowed_hosts))
        raise MisdirectedRequest(
            f"Host {host!r} is not one that this collector serves.",
            hint=f"Use one of: {known}; or name it in ASSAY_ALLOWED_HOSTS.",
        )


def refuse_foreign_pages(scope: Mapping[str, Any]) -> None:
    """Refuse what a web page elsewhere made a browser send.

    Raises:
        Forbidden: it would change something, and comes from another site.
    """
    if scope["method"] in READING or scope["method"] == "OPTIONS":
        return
    headers = _headers(scope)
    origin = headers.get(b"origin")
    if origin is not None and not _same_site(origin, headers.get(b"host", ""), scope["scheme"]):
        raise Forbidden(f"Requests from {origin} are refused.", hint="Call it from its own pages.")
    if headers.get(b"sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("Requests from pages of other sites are refused.", hint="Call it from its own pages.")


def _headers(scope: Mapping[str, Any]) -> dict[bytes, str]:
    return {name: value.decode("latin-1") for name, value in scope["headers"]}


def _same_site(origin: str, host: str, scheme: str) -> bool:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    # behind a proxy that ends TLS we are asked over http by pages that came over https; never the other way round
    return parts.netloc.lower() == host.lower() != "" and parts.scheme in {scheme, "https"}


def _hostname(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _refuse_body(scope: Mapping[str, Any], rules: list[Rule]) -> None:
    """Refuse bodies that a form of another site could send, and that the route does not take anyway; and long ones."""
    headers = dict(scope["headers"])
    length = headers.get(b"content-length", b"0")
    if scope["method"] in READING or (b"transfer-encoding" not in headers and length == b"0"):
        return
    if any(rule.body is None or rule is UNDECLARED for rule in rules):
        return  # the route looks for itself, or there is none: 404 or 405 says more
    given = headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower()
    taken = {name for rule in rules for name in rule.body or ()}
    if given not in taken:
        raise UnsupportedMediaType(
            f"Content-Type {given or '(none)'} is not understood here.", hint=f"Send {', '.join(sorted(taken))}."
        )
    if length.isdigit():
        _refuse_size(int(length), rules)


def _refuse_size(size_bytes: int, rules: list[Rule]) -> None:
    most = max(rule.max_body_bytes for rule in rules)
    if size_bytes > most:
        raise TooLarge(f"The body has more than {most} bytes.", hint="Send it in parts.")
