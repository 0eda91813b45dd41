from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider

import assay
from assay.destination import Destination
from assay.errors import MissingExtra
from assay.settings import configure
from assay.tracing import runtime
from assay.tracing.background import BackgroundQueue
from assay.tracing.export import SpanSender
from assay.tracing.provider import make_resource, make_sampler
from assay.tracing.tell import Teller
from support.spans import Caught, catch_spans

Answer = httpx.Response | Exception


class Receiver:
    """Stands where the collector's port would be: answers as scripted (then 200), keeps what it got."""

    def __init__(self, *answers: Answer) -> None:
        self.requests: list[httpx.Request] = []
        self._answers: Iterator[Answer] = iter(answers)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = next(self._answers, httpx.Response(200))
        if isinstance(answer, Exception):
            raise answer
        return answer

    def names(self) -> list[str]:
        return [
            span.name
            for request in self.requests
            for resource in ExportTraceServiceRequest.FromString(request.content).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


def sender(receiver: Receiver, find: Callable[[], Destination] | None = None, **options: Any) -> SpanSender:
    return SpanSender(
        configure(project="shop"),
        teller=Teller("span"),
        find=find or (lambda: Destination(url="http://collector", headers={"authorization": "Bearer k"})),
        transport=httpx.MockTransport(receiver),
        **options,
    )


def ended(*names: str, **attributes: Any) -> list[ReadableSpan]:
    with catch_spans() as caught:
        for name in names:
            with assay.start_span(name, attributes=attributes):
                pass
        return caught.all()


def test_spans_are_posted_as_otlp_protobuf_with_project_and_key() -> None:
    receiver = Receiver()
    sender(receiver)(ended("a", "b"))
    (request,) = receiver.requests
    assert request.url == "http://collector/v1/traces"
    assert request.headers["content-type"] == "application/x-protobuf"
    assert request.headers["x-project-name"] == "shop"
    assert request.headers["authorization"] == "Bearer k"
    assert receiver.names() == ["a", "b"]


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_collector_is_asked_again_after_the_time_it_names(status: int) -> None:
    receiver = Receiver(httpx.Response(status, headers={"retry-after": "0"}))
    send = sender(receiver)
    send(ended("a"))
    assert receiver.names() == ["a", "a"]
    assert send._teller.dropped == 0


@pytest.mark.parametrize("status", [400, 401, 404, 413])
def test_a_refusal_for_good_is_dropped_counted_and_told(status: int, caplog: pytest.LogCaptureFixture) -> None:
    send = sender(Receiver(httpx.Response(status)))
    send(ended("a", "b"))
    assert send._teller.dropped == 2
    assert f"answered {status}" in caplog.text


def test_a_collector_that_moved_is_found_again() -> None:
    places = iter(["http://old", "http://new"])
    receiver = Receiver(httpx.ConnectError("refused"))
    sender(receiver, lambda: Destination(url=next(places)))(ended("a"))
    assert [request.url.host for request in receiver.requests] == ["old", "new"]


def test_retries_end_within_their_bound() -> None:
    receiver = Receiver(*[httpx.ConnectError("refused")] * 100)
    send = sender(receiver, give_up_after_s=0.0)
    send(ended("a"))
    assert (len(receiver.requests), send._teller.dropped) == (1, 1)


def test_spans_that_the_collector_rejects_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    partial = ExportTracePartialSuccess(rejected_spans=1, error_message="too large")
    answer = ExportTraceServiceResponse(partial_success=partial).SerializeToString()
    send = sender(Receiver(httpx.Response(200, content=answer)))
    send(ended("a", "b"))
    assert send._teller.dropped == 1
    assert "too large" in caplog.text


def test_one_span_that_cannot_be_encoded_does_not_take_the_others_along() -> None:
    receiver = Receiver()
    send = sender(receiver)
    good, bad = ended("good", "bad")
    bad._name = "\ud800"  # attributes like that are left out by the encoder itself
    send([good, bad])
    assert receiver.names() == ["good"]
    assert send._teller.dropped == 1


def test_without_any_collector_the_warning_says_what_to_install(caplog: pytest.LogCaptureFixture) -> None:
    tries = []

    def find() -> Destination:
        tries.append(1)
        raise MissingExtra("Keeping traces", "server")

    send = sender(Receiver(), find)
    send(ended("a"))
    send(ended("b"))
    assert "pip install 'assay[server]'" in caplog.text
    assert len(caplog.records) == 1
    assert (len(tries), send._teller.dropped) == (1, 2)


def test_what_is_dropped_is_told_at_most_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0]
    teller = Teller("span", clock=lambda: now[0])
    for moment in (0.0, 1.0, 59.0, 61.0):
        now[0] = moment
        teller.drop(1, "no collector")
    assert [record.getMessage() for record in caplog.records] == [
        "Assay dropped 1 span: no collector",
        "Assay dropped 3 spans (4 in all): no collector",
    ]


def test_a_full_queue_drops_and_counts_and_never_blocks(caplog: pytest.LogCaptureFixture) -> None:
    taking, release = threading.Event(), threading.Event()
    taken: list[int] = []

    def send(items: list[int]) -> None:
        taking.set()
        release.wait(10)
        taken.extend(items)

    teller = Teller("thing")
    queue: BackgroundQueue[int] = BackgroundQueue(
        send, teller=teller, name="test", max_items=5, batch_size=1, delay_s=0.01
    )
    queue.put(0)
    assert taking.wait(10)
    for item in range(1, 10):
        queue.put(item)
    release.set()
    assert queue.close(10)
    assert taken == [0, 1, 2, 3, 4, 5]
    assert teller.dropped == 4
    assert "the queue was full (5)" in caplog.text


def test_a_sender_that_fails_costs_its_batch_only(caplog: pytest.LogCaptureFixture) -> None:
    taken: list[int] = []

    def send(items: list[int]) -> None:
        if items == [1]:
            raise RuntimeError("ours")
        taken.extend(items)

    queue: BackgroundQueue[int] = BackgroundQueue(
        send, teller=Teller("thing"), name="failing", max_items=9, batch_size=1, delay_s=0.01
    )
    for item in (0, 1, 2):
        queue.put(item)
    assert queue.close(10)
    assert taken == [0, 2]


def test_the_export_itself_is_not_traced() -> None:
    seen: list[bool] = []

    def send(spans: list[ReadableSpan]) -> None:
        from assay.tracing.otel_context import suppressed

        seen.append(suppressed())

    runtime.restart(configure(), send=send)
    with assay.start_span("x"):
        pass
    assert assay.flush(10)
    assert seen == [True]


def test_the_resource_says_who_we_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "team=docs,service.version=0")
    settings = configure(project="shop", environment="production", release="1.2")
    found = dict(make_resource(settings).attributes)
    assert found["service.name"] == found["assay.project"] == "shop"
    assert (found["deployment.environment.name"], found["service.version"]) == ("production", "1.2")
    assert found["team"] == "docs"


def test_the_service_name_of_the_environment_wins_over_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "checkout")
    found = dict(make_resource(configure(project="shop")).attributes)
    assert (found["service.name"], found["assay.project"]) == ("checkout", "shop")


def test_sampling_follows_the_parent_and_the_trace_id() -> None:
    sampler = make_sampler(configure(sample_rate=0.5))
    assert sampler is not None
    assert "root:TraceIdRatioBased{0.5}" in sampler.get_description()


def test_init_again_changes_the_resource_of_tracers_handed_out_before(spans: Caught) -> None:
    assay.init(project="first")
    runtime.restart(configure(), send=(got := []).extend)  # type: ignore[var-annotated]
    with assay.start_span("a"):
        pass
    assay.flush(10)
    runtime.restart(configure(project="second"), send=got.extend)
    with assay.start_span("b"):
        pass
    assay.flush(10)
    assert [span.resource.attributes["assay.project"] for span in got] == ["first", "second"]


def test_a_provider_of_the_application_is_used_and_not_replaced(tmp_path: Path) -> None:
    import subprocess
    import sys

    program = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
theirs, memory = TracerProvider(), InMemorySpanExporter()
theirs.add_span_processor(SimpleSpanProcessor(memory))
trace.set_tracer_provider(theirs)
import assay
from assay.settings import configure
from assay.tracing import runtime
ours = []
runtime.restart(configure(), send=ours.extend)
with trace.get_tracer("app").start_as_current_span("outer"), assay.start_span("inner"):
    pass
assay.flush()
assert trace.get_tracer_provider() is theirs
print([span.name for span in ours], [span.name for span in memory.get_finished_spans()])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert (done.stdout, done.stderr) == ("['inner', 'outer'] ['inner', 'outer']\n", "")


def test_ours_is_an_sdk_provider_so_that_others_can_add_their_exporters(spans: Caught) -> None:
    from opentelemetry import trace

    assert isinstance(trace.get_tracer_provider(), TracerProvider)


@pytest.fixture(autouse=True)
def _logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, logger="assay")
