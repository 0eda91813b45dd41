"""A collector's port that answers as scripted, and ended spans and requests to send there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan

import assay
from assay.destination import Destination
from assay.settings import configure
from assay.tracing.outbox import Outbox
from assay.tracing.post import Poster
from assay.tracing.requests import Request
from assay.tracing.spool import Spool
from assay.tracing.tell import Teller
from support.otlp import recorded
from support.serving import patience
from support.spans import catch_spans

Answer = httpx.Response | Exception


class Receiver:
    """Stands where the collector's port would be: answers as scripted (then `after`), keeps what it got."""

    def __init__(self, *answers: Answer, after: Callable[[httpx.Request], Answer] | None = None) -> None:
        self.requests: list[httpx.Request] = []
        self.taken: list[str] = []  # names of the spans in the requests that were answered with 200
        self._answers: Iterator[Answer] = iter(answers)
        self.after = after or (lambda request: httpx.Response(200))

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = next(self._answers, None) or self.after(request)
        if isinstance(answer, Exception):
            raise answer
        if answer.is_success:
            self.taken += names_in(request.content)
        return answer


def away(request: httpx.Request) -> Answer:
    return httpx.ConnectError("refused")


def poster(receiver: Receiver, find: Callable[[], Destination] | None = None, **settings: Any) -> Poster:
    return Poster(
        configure(project="shop", **settings),
        find=find or (lambda: Destination(url="http://collector", headers={"authorization": "Bearer k"})),
        transport=httpx.MockTransport(receiver),
    )


def outbox(receiver: Receiver, directory: Path | None = None, *, max_bytes: int = 10**9) -> Outbox:
    spool = Spool(directory, max_bytes=max_bytes) if directory else None
    return Outbox(poster(receiver), spool=spool, teller=Teller("span"))


def request_of(*names: str) -> Request:
    with recorded() as recorder:
        for name in names:
            recorder.tracer.start_span(name).end()
    return Request(recorder.body(), len(names), time.time_ns())


def names_in(body: bytes) -> list[str]:
    return [
        span.name
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def ended(*names: str, **attributes: Any) -> list[ReadableSpan]:
    with catch_spans() as caught:
        for name in names:
            with assay.start_span(name, attributes=attributes):
                pass
        return caught.all()


def until(happened: Callable[[], object], within_s: float = 60.0) -> None:
    """Wait until it happened, within so many seconds of an idle machine."""
    deadline = time.monotonic() + within_s * patience()
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        threading.Event().wait(0.01)
