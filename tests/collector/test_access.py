"""Every route and every gRPC method against every kind of key. A route without a line in scopes.py fails here."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import pytest
from fastapi import FastAPI
from starlette.routing import BaseRoute
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from assay.collector.access import REMEMBER_S, Access
from assay.collector.api.application import create_api
from assay.collector.api.errors import error_response
from assay.collector.app import create_app
from assay.collector.guard import Guard
from assay.collector.limits import FAILURES_AT_ONCE, Limits, TooManyRequests
from assay.collector.otlp import SIGNALS
from assay.collector.pages.app import create_pages
from assay.collector.receive_http import OTLP_PATHS, OTLP_PREFIXES
from assay.collector.registry import Registry
from assay.collector.scopes import GRPC_METHODS, ROUTES, Reach, Rule, rule_of_call, rules_of
from assay.errors import AssayError, Forbidden, Unauthorized

SCOPES = ("ingest", "read", "write", "admin")
FILLED = {"project": "theirs", "version": "1", "number": "1", "old": "1", "new": "2", "build": "x", "name": "n"}


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    opened = Registry.open(tmp_path_factory.mktemp("registry") / "registry.db")
    yield opened
    opened.close()


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Reply:
    status_code: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes = b""


class Asked:
    """A guard over an application that answers everything with 200 and the query. No client between: it is quicker."""

    def __init__(self, registry: Registry, *, allowed_hosts: frozenset[str] = frozenset(), **options: Any) -> None:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": scope["query_string"]})

        async def refuse(error: AssayError, scope: Scope, receive: Receive, send: Send) -> None:
            await error_response(error)(scope, receive, send)

        self.access = Access(registry, **{"required": True, **options})
        self.guard = Guard(app, self.access, allowed_hosts=allowed_hosts, refuse=refuse)

    def __call__(
        self, line: str, key: str | None = None, *, headers: dict[str, str] | None = None, content: bytes = b""
    ) -> Reply:
        method, target = line.split(" ", 1)
        path, _, query = target.partition("?")
        given = {"host": "testserver", "content-length": str(len(content)), **(headers or {})}
        if key:
            given["authorization"] = f"Bearer {key}"
        scope = {
            "type": "http",
            "scheme": "http",
            "method": method,
            "path": unquote(path),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in given.items()],
            "client": ("10.0.0.1", 50_000),
        }
        reply = Reply()

        async def receive() -> Any:
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                reply.status_code = message["status"]
                reply.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            else:
                reply.content += message["body"]

        asyncio.run(self.guard(scope, receive, send))
        return reply

    def status(self, line: str, key: str | None = None, **more: Any) -> int:
        return self(line, key, **more).status_code


@pytest.fixture
def asked(registry: Registry) -> Asked:
    return Asked(registry)


@cache
def key_of(registry: Registry, *scopes: str, project: str | None = None) -> str:
    return str(registry.keys.create("test", scopes, project=project)["key"])


def filled(line: str, project: str = "theirs") -> str:
    """A line of the table as a request: with something in place of each parameter of its path."""
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda m: {**FILLED, "project": project}.get(m.group(1), "0" * 32), line)


def routes_of(app: FastAPI) -> set[str]:
    """Every route of the application as `METHOD /path`, whatever it is nested in."""
    found: set[str] = set()

    def walk(routes: list[Any]) -> None:
        for route in routes:
            if hasattr(route, "effective_candidates"):
                walk(route.effective_candidates())
                continue
            one: BaseRoute = getattr(route, "original_route", route)
            methods = getattr(one, "methods", None)
            assert methods, f"{one!r} is no plain route: mounts and web sockets are not in the table"
            found.update(f"{method} {one.path}" for method in methods if method != "HEAD")  # type: ignore[attr-defined]

    walk(list(app.router.routes))
    return found


@pytest.fixture(scope="module")
def served() -> set[str]:
    service: Any = SimpleNamespace()
    otlp = {*OTLP_PATHS, *(f"{prefix}{{path:path}}" for prefix in OTLP_PREFIXES)}  # what is sent to no signal's path
    return routes_of(create_api(service)) | routes_of(create_pages(service)) | {f"POST {path}" for path in otlp}


def test_every_route_has_a_line_in_the_table(served: set[str]) -> None:
    assert sorted(served - set(ROUTES)) == [], "declare them in collector/scopes.py"


def test_every_line_of_the_table_has_a_route(served: set[str]) -> None:
    assert sorted(set(ROUTES) - served) == [], "take them out of collector/scopes.py"


def test_every_grpc_method_has_a_line() -> None:
    assert {f"/{signal.service}/Export" for signal in SIGNALS} == set(GRPC_METHODS)


def test_what_has_no_line_needs_an_admin_of_every_project(asked: Asked, registry: Registry) -> None:
    for line in (
        "GET /api/v1/nope",
        "POST /traces",
        "PATCH /api/v1/traces",
        "GET /v1/traces",
        "OPTIONS /api/v1/traces",
    ):
        for scope in ("ingest", "read", "write"):
            assert asked.status(line, key_of(registry, scope)) == 403, line
        assert asked.status(line, key_of(registry, "admin", project="p")) == 403, line
        assert asked.status(line, key_of(registry, "admin")) == 200, line


@pytest.mark.parametrize("line", sorted(ROUTES))
def test_a_route_takes_the_keys_of_its_scope_only(registry: Registry, line: str) -> None:
    asked, request = Asked(registry), filled(line)
    needed = {rule.scope for rule in rules_of(*request.split(" ", 1))}
    if needed == {None}:
        assert asked.status(request) == 200
        return
    assert asked.status(request) == 401
    assert asked.status(request, "assay_" + "A" * 43) == 401
    for scope in SCOPES:
        allowed = scope == "admin" or needed == {scope}
        assert asked.status(request, key_of(registry, scope)) == (200 if allowed else 403), scope


@pytest.mark.parametrize("line", sorted(ROUTES))
def test_a_key_for_one_project_is_kept_in_it(registry: Registry, line: str) -> None:
    asked, [rule, *_] = Asked(registry), rules_of(*filled(line).split(" ", 1))
    key = key_of(registry, "admin", project="ours")
    own, other = asked.status(filled(line, "ours"), key), asked.status(filled(line, "theirs"), key)
    if rule.reach is Reach.EVERY:
        assert (own, other) == (403, 403)
    elif rule.reach is Reach.PATH:
        assert (own, other) == (200, 403)
    elif rule.reach is Reach.QUERY:
        assert asked(filled(line), key).content == b"project=ours"  # where none is named, its own is put there
        assert asked.status(f"{filled(line)}?project=ours", key) == 200
        for query in ("project=theirs", "project=ours&project=theirs", "project=", "project=OURS", "%70roject=theirs"):
            assert asked.status(f"{filled(line)}?{query}", key) == 403, query


@pytest.mark.parametrize("path", ["/p/a%252Fb/traces", "/p/a%2Fb/traces", "/p/a/traces/../../b/traces"])
def test_a_project_in_a_path_is_read_as_the_pages_read_it(asked: Asked, registry: Registry, path: str) -> None:
    assert asked.status(f"GET {path}", key_of(registry, "read", project="a%2Fb")) == 403


@pytest.mark.parametrize("method", [*sorted(GRPC_METHODS), "/grpc.health.v1.Health/Check"])
def test_a_grpc_method_takes_the_keys_of_its_scope_only(registry: Registry, method: str) -> None:
    access, rule = Access(registry, required=True), rule_of_call(method)
    for authorization in ("", "Bearer", "Bearer nope", "Basic bm9wZQ=="):
        with pytest.raises(Unauthorized):
            access.check_call(method, authorization, "ipv4:10.0.0.1:1")
    for scope in SCOPES:
        bearer = f"Bearer {key_of(registry, scope)}"
        if scope in ("admin", rule.scope):
            assert access.check_call(method, bearer).key is not None
        else:
            with pytest.raises(Forbidden):
                access.check_call(method, bearer)


# Keys -----------------------------------------------------------------------------------------------------------


def test_programs_of_the_collectors_own_have_a_token_that_is_nobodys_key(registry: Registry, tmp_path: Path) -> None:
    asked = Asked(registry)
    token = asked.access.own_token
    assert token is not None
    lines = {"GET /api/v1/traces": 200, "POST /api/v1/scores": 200, "POST /v1/traces": 200, "GET /api/v1/keys": 403}
    assert {line: asked.status(line, token) for line in lines} == lines
    assert token != Asked(registry).access.own_token
    assert token.encode() not in registry.database.path.read_bytes()
    assert Access(None, required=False).own_token is None


def test_others_failures_do_not_shut_out_programs_of_the_collectors_own(registry: Registry) -> None:
    asked = Asked(registry, clock=Clock())
    wrong = [asked.status("GET /api/v1/traces", f"assay_{number}") for number in range(FAILURES_AT_ONCE + 1)]
    assert wrong[-1] == 429
    assert asked.status("GET /api/v1/traces", asked.access.own_token) == 200


def test_a_revoked_key_ends_within_five_seconds(registry: Registry) -> None:
    clock = Clock()
    asked = Asked(registry, clock=clock)
    made = registry.keys.create("test", ["read"])
    assert asked.status("GET /api/v1/traces", made["key"]) == 200
    registry.keys.revoke(made["id"])
    clock.now += REMEMBER_S
    assert REMEMBER_S <= 5
    assert asked.status("GET /api/v1/traces", made["key"]) == 401


async def test_an_answer_that_takes_long_ends_with_its_key(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, sent = Clock(), []
    monkeypatch.setattr("assay.collector.guard.time.monotonic", clock)
    made = registry.keys.create("test", ["read"])

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for number in range(100):
            clock.now += 1
            if number == 10:
                registry.keys.revoke(made["id"])
            await send({"type": "http.response.body", "body": b"%d" % number, "more_body": True})

    async def send(message: Any) -> None:
        sent.append(message)

    async def nothing(*_: Any) -> Any:
        raise AssertionError("neither read nor refused")

    access = Access(registry, required=True, clock=clock)
    headers = [(b"authorization", f"Bearer {made['key']}".encode())]
    scope = {"type": "http", "method": "GET", "path": "/api/v1/traces", "query_string": b"", "headers": headers}
    await Guard(endless, access, allowed_hosts=frozenset(), refuse=nothing)({**scope, "scheme": "http"}, nothing, send)
    assert 10 < len(sent) <= 10 + 2 * REMEMBER_S + 3
    assert sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}


def test_an_address_that_comes_with_wrong_keys_has_to_wait(registry: Registry) -> None:
    clock = Clock()
    asked = Asked(registry, clock=clock)
    good = key_of(registry, "read")
    assert asked.status("GET /api/v1/traces", good) == 200
    answers = [asked.status("GET /api/v1/traces", f"assay_{number}") for number in range(FAILURES_AT_ONCE + 1)]
    assert answers == [401] * FAILURES_AT_ONCE + [429]
    assert int(asked("GET /api/v1/traces", "assay_x").headers["retry-after"]) >= 1
    clock.now += REMEMBER_S + 0.1  # no longer remembered, but known to have been good: others do not shut it out
    assert asked.status("GET /api/v1/traces", good) == 200
    assert asked.status("GET /health") == 200


def test_keys_are_nowhere_but_in_the_answer_that_made_them(registry: Registry, tmp_path: Path) -> None:
    key = key_of(registry, "read")
    for path in registry.database.path.parent.iterdir():
        assert key.encode() not in path.read_bytes()


def test_a_key_that_is_used_for_what_it_may_not_is_noted_once_a_minute(registry: Registry) -> None:
    made = registry.keys.create("test", ["read"])
    clock = Clock()
    asked = Asked(registry, clock=clock)
    for _ in range(3):
        assert asked.status("POST /api/v1/scores", made["key"]) == 403
    entries = registry.audit.page(actor=made["id"]).items
    assert [(entry["action"], entry["object"], entry["result"]) for entry in entries] == [
        ("access.refuse", "POST /api/v1/scores", "refused")
    ]


# Limits ---------------------------------------------------------------------------------------------------------


def test_a_key_that_asks_too_often_has_to_wait_and_others_do_not(registry: Registry) -> None:
    clock = Clock()
    asked = Asked(registry, limits=Limits(requests_per_s=5), clock=clock)
    one, other = key_of(registry, "read"), key_of(registry, "read", "write")
    assert [asked.status("GET /api/v1/traces", one) for _ in range(11)] == [200] * 10 + [429]
    assert asked.status("GET /api/v1/traces", other) == 200
    clock.now += 1
    assert [asked.status("GET /api/v1/traces", one) for _ in range(6)] == [200] * 5 + [429]


def test_what_is_sent_is_counted_when_it_is_read(registry: Registry) -> None:
    clock = Clock()
    access = Access(registry, required=False, limits=Limits(mb_per_s=1), clock=clock)
    admitted = access.check_call("/any", "")
    access.limiter.charge(admitted.sender, 5_000_000)  # one large body passes whole, and is waited for afterwards
    with pytest.raises(TooManyRequests) as refused:
        access.check_call("/any", "")
    assert refused.value.retry_after_s == 3
    clock.now += 3.1
    assert access.check_call("/any", "").key is None


# Browsers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"origin": "http://testserver"}, 200),
        ({"origin": "https://testserver"}, 200),  # a proxy that ends TLS
        ({"origin": "http://testserver:81"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": ""}, 403),
        ({"origin": "http://["}, 403),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_pages_of_other_sites_change_nothing(
    registry: Registry, headers: dict[str, str], status: int, method: str
) -> None:
    assert Asked(registry, required=False).status(f"{method} /api/v1/scores", headers=headers) == status


@pytest.mark.parametrize(
    ("host", "status"),
    [("good", 200), ("GOOD:4318", 200), ("evil", 421), ("good.evil", 421), ("", 421), ("[", 421), ("evil@good", 200)],
)
def test_only_names_of_ours_are_answered(registry: Registry, host: str, status: int) -> None:
    asked = Asked(registry, required=False, allowed_hosts=frozenset({"good"}))
    assert asked.status("GET /health", headers={"host": host}) == status


@pytest.mark.parametrize(
    "type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json"]
)
def test_what_a_form_could_send_is_refused(registry: Registry, type: str) -> None:
    asked = Asked(registry, required=False)
    assert asked.status("POST /api/v1/scores", content=b"{}", headers={"content-type": type}) == 415
    json = {"content-type": "Application/JSON; charset=utf-8"}
    assert asked.status("POST /api/v1/scores", content=b"{}", headers=json) == 200


def test_a_body_that_says_it_is_too_long_is_refused_unread(registry: Registry) -> None:
    asked = Asked(registry, required=False)
    headers = {"content-type": "application/json", "content-length": str(Rule(scope=None).max_body_bytes + 1)}
    assert asked.status("POST /api/v1/scores", content=b"{}", headers=headers) == 413


def test_every_answer_keeps_browsers_from_making_more_of_it(registry: Registry) -> None:
    service: Any = SimpleNamespace(registry=registry)
    http = TestClient(create_app(service, allowed_hosts=frozenset()), raise_server_exceptions=False)
    for answer in (http.get("/health"), http.get("/api/v1/nope"), http.get("/openapi.json")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_a_preflight_is_granted_nothing(registry: Registry) -> None:
    service: Any = SimpleNamespace(registry=registry)
    http = TestClient(create_app(service, allowed_hosts=frozenset()))
    asks = {"origin": "http://evil", "access-control-request-method": "POST"}
    answer = http.options("/api/v1/scores", headers={**asks, "access-control-request-private-network": "true"})
    assert answer.status_code == 405
    assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_web_sockets_are_refused(asked: Asked) -> None:
    with pytest.raises(WebSocketDisconnect), TestClient(asked.guard).websocket_connect("/api/v1/traces"):
        pass
