"""A trace goes on in other services and other processes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import httpx
import pytest
import requests
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

import assay
from assay.errors import ConfigurationError
from assay.tracing import runtime
from assay.tracing.orphans import PARENTS_ELSEWHERE, likely_cause
from support.spans import Caught, catch_spans

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
HEADERS = {"traceparent": f"00-{TRACE}-{PARENT}-01"}


@assay.trace
def handle() -> str | None:
    return assay.current_trace_id()


def test_headers_name_the_current_span_and_nothing_outside_of_one(spans: Caught) -> None:
    assert assay.trace_headers({"accept": "text/html"}) == {"accept": "text/html"}
    with assay.start_span("caller") as span:
        sent = assay.trace_headers({"accept": "text/html"})
    assert sent.keys() == {"accept", "traceparent"}
    assert re.fullmatch(rf"00-{span.trace_id}-{span.span_id}-0[13]", sent["traceparent"])


def test_a_trace_is_continued_from_headers_of_any_case(spans: Caught) -> None:
    with assay.continue_trace({"TraceParent": HEADERS["traceparent"]}):
        assert handle() == TRACE
    parent = spans.one().parent
    assert parent is not None
    assert f"{parent.span_id:016x}" == PARENT
    assert spans.attributes()["assay.parent.came_by"] == "headers"
    assert assay.current_trace_id() is None


@pytest.mark.parametrize("header", ["", "nonsense", "00-" + "0" * 32 + "-" + "0" * 16 + "-01", "ff" * 500])
def test_headers_that_make_no_sense_begin_a_new_trace(header: str, spans: Caught) -> None:
    with assay.continue_trace({"traceparent": header}):
        handle()
    assert spans.one().parent is None


def test_an_unsampled_trace_stays_unsampled(spans: Caught) -> None:
    with assay.continue_trace({"traceparent": f"00-{TRACE}-{PARENT}-00"}):
        assert handle() == TRACE
    assert spans.all() == []


def test_what_context_says_travels_only_where_baggage_is_allowed() -> None:
    said: dict[str, Any] = {"session_id": "s 1", "user_id": "ü", "tags": ["a", "b,c"], "metadata": {"plan": "pro"}}
    with catch_spans() as spans, assay.context(**said), assay.start_span("caller"):
        assert "baggage" not in assay.trace_headers()
    with catch_spans(baggage=True) as spans:
        with assay.context(**said), assay.start_span("caller"):
            sent = assay.trace_headers()
        with assay.continue_trace(sent):
            handle()
        found = spans.attributes("handle")
    assert (found["session.id"], found["user.id"]) == ("s 1", "ü")
    assert (found["tag.tags"], found["metadata"]) == (["a", "b,c"], {"plan": "pro"})
    with catch_spans(baggage=False) as spans, assay.continue_trace(sent):
        handle()
        assert "session.id" not in spans.attributes("handle")


@pytest.fixture
def fastapi_app() -> FastAPI:
    app = FastAPI()
    app.add_middleware(assay.AsgiMiddleware)

    @app.get("/plain")
    def plain() -> str | None:
        return handle()

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        @assay.trace(name="stream")
        def words() -> Iterable[str]:
            for word in ("a", "b"):
                with assay.start_span(f"word {word}"):
                    yield word

        with assay.start_span("endpoint"):
            return StreamingResponse(words())

    return app


async def test_a_fastapi_application_continues_the_callers_trace(spans: Caught, fastapi_app: FastAPI) -> None:
    transport = httpx.ASGITransport(fastapi_app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        assert (await client.get("/plain", headers=HEADERS)).json() == TRACE
        assert (await client.get("/plain")).json() != TRACE


async def test_a_streamed_response_stays_below_the_endpoint_that_returned_it(
    spans: Caught, fastapi_app: FastAPI
) -> None:
    transport = httpx.ASGITransport(fastapi_app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        with assay.start_span("client"):
            assay.propagate(client)
            assert (await client.get("/stream")).text == "ab"
    tree = {name: parent for name, parent in spans.tree().items() if name != "GET /stream"}  # FastAPI's own
    assert tree == {
        "client": None, "endpoint": "client", "stream": "endpoint", "word a": "stream", "word b": "stream",
    }  # fmt: skip


def test_a_wsgi_application_continues_the_callers_trace(spans: Caught) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        return [str(handle()).encode()]

    wrapped = assay.WsgiMiddleware(app)
    assert wrapped({"HTTP_TRACEPARENT": HEADERS["traceparent"]}, None) == [TRACE.encode()]
    assert wrapped({}, None) != [TRACE.encode()]


def test_clients_send_the_headers_of_the_span_of_each_request(spans: Caught) -> None:
    sent: list[Any] = []

    class Adapter(requests.adapters.BaseAdapter):
        def send(self, request: Any, **options: Any) -> Any:
            sent.append(request.headers.get("traceparent"))
            response = requests.Response()
            response.status_code, response.request, response.url = 200, request, request.url
            return response

        def close(self) -> None: ...

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers.get("traceparent"))
        return httpx.Response(200)

    session = assay.propagate(assay.propagate(requests.Session()))
    session.mount("http://", Adapter())
    client = assay.propagate(assay.propagate(httpx.Client(transport=httpx.MockTransport(answer))))
    assert len(client.event_hooks["request"]) == 1
    for get in (session.get, client.get):
        get("http://test")  # type: ignore[operator]
        with assay.start_span("caller") as span:
            get("http://test")  # type: ignore[operator]
        assert sent.pop().split("-")[2] == span.span_id
        assert sent.pop() is None
    with pytest.raises(ConfigurationError, match="trace_headers"):
        assay.propagate(object())


def test_a_child_process_gets_the_trace_in_its_environment(spans: Caught, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACEPARENT", HEADERS["traceparent"])
    assert assay.child_environment({"A": "1", "TRACEPARENT": "old"}).keys() == {"A"}
    with assay.start_span("caller") as span:
        variables = assay.child_environment({"A": "1"})
    assert variables.keys() == {"A", "TRACEPARENT"}
    assert str(span.trace_id) in variables["TRACEPARENT"]


def test_a_process_started_with_traceparent_continues_that_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACEPARENT", HEADERS["traceparent"])
    monkeypatch.setenv("TRACESTATE", "vendor=1")
    with catch_spans() as spans:
        with assay.start_span("first"), assay.start_span("inner"):
            pass
        with assay.continue_trace({"traceparent": f"00-{TRACE[::-1]}-{PARENT}-01"}):
            assert handle() == TRACE[::-1]
        first = spans.one("first")
        assert first.parent is not None
        assert (f"{first.parent.trace_id:032x}", first.context and first.context.trace_state.get("vendor")) == (
            TRACE,
            "1",
        )
        assert spans.attributes("first") == {"assay.parent.came_by": "environment"}
        assert spans.attributes("inner") == {}
    monkeypatch.delenv("TRACEPARENT")
    with catch_spans() as spans:
        handle()
        assert spans.one().parent is None
    assert runtime.active is None


def test_an_orphan_is_explained_by_what_was_recorded_where_it_began() -> None:
    assert likely_cause({"assay.parent.came_by": "process"}) == PARENTS_ELSEWHERE["process"]
    assert "queue" in str(likely_cause({}))
    assert "'Thread-1'" in str(likely_cause({"assay.root.thread": "Thread-1"}, has_parent=False))
    assert likely_cause({}, has_parent=False) is None
