from __future__ import annotations

import logging
import threading
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider

import assay
from assay.settings import configure
from assay.tracing import runtime
from assay.tracing.background import BackgroundQueue
from assay.tracing.export import span_bytes
from assay.tracing.provider import make_resource, make_sampler
from assay.tracing.requests import encode, halves
from assay.tracing.tell import Teller
from support.export import ended, names_in
from support.spans import Caught


def test_one_span_that_cannot_be_encoded_does_not_take_the_others_along() -> None:
    spans = ended("a", "bad", "b")
    spans[1]._name = "\ud800"  # attributes like that are left out by the encoder itself
    requests, broken = encode(spans)
    assert [name for request in requests for name in names_in(request.body)] == ["a", "b"]
    assert broken == 1


def test_spans_that_are_large_together_become_several_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.tracing.requests.MAX_REQUEST_BYTES", 10_000)
    requests, broken = encode(ended(*"abcdefgh", value="x" * 4_000))
    assert all(len(request) <= 10_000 for request in requests)
    assert ([request.count for request in requests], broken) == ([2, 2, 2, 2], 0)
    assert [name for request in requests for name in names_in(request.body)] == list("abcdefgh")


def test_halves_hold_the_same_spans_under_the_same_resource_and_scope() -> None:
    (request,), _ = encode(ended(*"abc", key=1))
    first, second = halves(request)
    assert (names_in(first.body), names_in(second.body)) == (["a"], ["b", "c"])
    whole, part = (ExportTraceServiceRequest.FromString(body).resource_spans[0] for body in (request.body, second.body))
    assert part.resource == whole.resource
    assert part.scope_spans[0].scope == whole.scope_spans[0].scope
    assert list(part.scope_spans[0].spans) == list(whole.scope_spans[0].spans)[1:]
    assert second.stamp == request.stamp


def test_a_span_weighs_about_what_its_text_weighs() -> None:
    light, heavy = ended("light")[0], ended("heavy", prompt="x" * 100_000)[0]
    assert 100_000 <= span_bytes(heavy) - span_bytes(light) <= 101_000


def test_each_reason_is_told_once_and_summed_up_at_the_end(caplog: pytest.LogCaptureFixture) -> None:
    teller = Teller("span")
    for reason, count in (("no room.", 1), ("no room.", 2), ("refused.", 1), ("no room.", 3)):
        teller.drop(count, reason)
    teller.ending = True
    teller.tell()
    teller.tell()
    assert [record.getMessage() for record in caplog.records] == [
        "Assay dropped 1 span: no room.",
        "Assay dropped 1 span: refused.",
        "Assay dropped 6 spans in all: no room.",
    ]
    assert teller.dropped == 7


def test_reasons_without_end_are_summed_up(caplog: pytest.LogCaptureFixture) -> None:
    teller = Teller("span")
    for number in range(1000):
        teller.drop(1, f"port {number} is closed.")
    assert teller.dropped == 1000
    assert len(caplog.records) < 30


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


def test_a_queue_of_heavy_things_drops_by_their_weight(caplog: pytest.LogCaptureFixture) -> None:
    taking, release = threading.Event(), threading.Event()
    taken: list[int] = []

    def send(items: list[int]) -> None:
        taking.set()
        release.wait(10)
        taken.extend(items)

    teller = Teller("thing")
    queue: BackgroundQueue[int] = BackgroundQueue(
        send,
        teller=teller,
        name="test",
        max_items=99,
        batch_size=1,
        delay_s=0.01,
        max_bytes=100,
        weigh=lambda item: item,
    )
    queue.put(500)  # larger than all that may wait, but nothing waits
    assert taking.wait(10)
    for item in (60, 60, 30, 30):
        queue.put(item)
    release.set()
    assert queue.close(10)
    assert (taken, teller.dropped) == ([500, 60, 30], 2)
    assert "the queue was full (100 bytes)" in caplog.text


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
