"""Open spans are announced while they are open, once, redacted, and at no cost to speak of for the program."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

import assay
from assay.collector.announcements import Announced
from assay.collector.decode_logs import decode_logs
from assay.collector.server import Server
from assay.settings import configure, load_settings
from assay.tracing import runtime
from assay.tracing.in_progress import Announcer, OpenSpans
from assay.tracing.post_logs import LogPoster
from assay.tracing.processor import Processor
from assay.tracing.redact_spans import span_redactor
from support.export import until

SECRET = "sk-proj-" + "a1B2" * 10


class Told:
    """What the collector was told, request by request; answers as it is set to."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.answer: bool | None = True

    def __call__(self, body: bytes) -> bool | None:
        self.bodies.append(body)
        return self.answer

    def names(self) -> list[list[str]]:
        """Names of the announced spans, or of other records, of each request."""
        return [
            [_body_name(record) or record.event_name for record in decode_logs(body).records] for body in self.bodies
        ]


def _body_name(record: Any) -> str | None:
    return record.body["name"] if isinstance(record.body, dict) else None


class Rig:
    """A provider with our processor, and an announcer whose clock is set by hand."""

    def __init__(self, wanted: str = "root,agent", **given: Any) -> None:
        self.now = 1000.0
        self.told = Told()
        self.processor = Processor()
        self.table = self.processor.open
        self.table.choose(wanted)
        provider = TracerProvider(resource=Resource({"service.name": "shop", "assay.project": "shop"}))
        provider.add_span_processor(self.processor)
        self.tracer = provider.get_tracer("tests")
        self.announcer = Announcer(
            self.table,
            self.told,
            redact=span_redactor(load_settings()).span,
            clock=lambda: self.now,
            wall_ns=lambda: 2**62,
            **given,
        )

    def start(self, name: str, kind: str | None = None, parent: Any = None, **attributes: str) -> Any:
        if kind:
            attributes["openinference.span.kind"] = kind.upper()
        context = None if parent is None else set_span_in_context(parent)
        return self.tracer.start_span(name, context=context, attributes=attributes)

    def say(self) -> list[list[str]]:
        self.told.bodies.clear()
        self.announcer.say()
        return self.told.names()


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ("root,agent", ["root", "inner agent", "from elsewhere"]),
        ("root", ["root", "from elsewhere"]),
        ("tool", ["tool"]),
        ("all", ["root", "tool", "inner agent", "from elsewhere"]),
        ("off", []),
        ("", []),
    ],
)
def test_the_spans_that_are_asked_for_are_announced_once(wanted: str, told: list[str]) -> None:
    rig = Rig(wanted)
    root = rig.start("root", "chain")
    rig.start("tool", "tool", root)
    rig.start("inner agent", "agent", root)
    remote = NonRecordingSpan(SpanContext(5, 6, is_remote=True, trace_flags=TraceFlags(1)))
    rig.start("from elsewhere", "tool" if wanted != "tool" else None, remote)
    assert rig.say() == ([told] if told else [])
    assert rig.say() == []


def test_what_has_ended_is_not_announced() -> None:
    rig = Rig()
    rig.start("short").end()
    assert rig.say() == []
    assert rig.table.spans == {}


def test_a_span_is_announced_when_it_has_been_open_for_half_a_second() -> None:
    rig = Rig()
    span = rig.start("young")
    rig.announcer._wall_ns = lambda: span.start_time + 499_999_999
    assert rig.say() == []
    rig.announcer._wall_ns = lambda: span.start_time + 500_000_000
    assert rig.say() == [["young"]]


def test_the_collector_reads_all_that_is_known_so_far_and_no_secret() -> None:
    rig = Rig()
    root = rig.start("agent", "agent", **{"session.id": "s1", "input.value": f"use {SECRET}"})
    child = rig.start("inner", "agent", root)
    rig.say()
    assert SECRET.encode() not in rig.told.bodies[0]
    said = Announced()
    for record in decode_logs(rig.told.bodies[0]).records:
        assert said.take(record, "shop", 1)
    rows = {row[4]: row for row in said.rows}
    ids = [f"{span.context.span_id:016x}" for span in (root, child)]
    assert [rows[name][2] for name in ("agent", "inner")] == ids
    assert [rows[name][3] for name in ("agent", "inner")] == [None, ids[0]]
    assert rows["agent"][8] == root.start_time
    assert {"s1", "use [redacted:api_key]", "in_progress"} <= {each for each in rows["agent"] if isinstance(each, str)}
    assert said.alive == {("shop", rig.table.instance)}


def test_while_they_are_open_a_sign_of_life_comes_every_ten_seconds() -> None:
    rig = Rig()
    span = rig.start("agent", "agent")
    rig.say()
    rig.now += 9
    assert rig.say() == []
    rig.now += 1
    assert rig.say() == [["assay.process.alive"]]
    [record] = decode_logs(rig.told.bodies[0]).records
    assert (record.resource["assay.project"], record.resource["service.instance.id"]) == ("shop", rig.table.instance)
    rig.now += 10
    span.end()
    assert rig.say() == []


def test_an_orderly_end_is_told_with_what_is_still_open() -> None:
    rig = Rig()
    rig.table.announcer = rig.announcer
    rig.start("agent", "agent")
    rig.announcer.close()
    assert rig.told.names() == [["agent", "assay.process.ended"]]


def test_a_newer_announcer_goes_on_with_the_same_spans() -> None:
    rig = Rig()
    rig.start("agent", "agent")
    rig.say()
    rig.table.announcer = Announcer(rig.table, rig.told, redact=lambda span: span)
    rig.told.bodies.clear()
    rig.announcer.close()
    rig.table.announcer.say()
    assert rig.told.bodies == []  # neither ended nor announced again


@pytest.mark.parametrize(("answer", "again"), [(False, False), (None, True)])
def test_who_takes_no_log_records_is_left_alone(answer: bool | None, again: bool) -> None:
    rig = Rig()
    rig.start("agent", "agent")
    rig.told.answer = answer
    rig.say()
    assert bool(rig.say()) is again


def test_a_trace_that_sampling_may_drop_is_not_announced() -> None:
    rig = Rig(is_kept=lambda trace_id: False)
    rig.start("agent", "agent")
    assert rig.say() == []


def test_a_forked_child_says_nothing_of_its_parents_spans() -> None:
    rig = Rig()
    rig.start("agent", "agent")
    before = rig.table.instance
    rig.table.forget()  # what happens after a fork
    assert rig.say() == []
    assert rig.table.instance != before


def test_a_table_that_is_full_takes_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.tracing.in_progress.MAX_OPEN", 2)
    rig = Rig()
    spans = [rig.start(f"agent {number}", "agent") for number in range(3)]
    assert len(rig.table.spans) == 2
    for span in spans:
        span.end()
    assert rig.table.spans == {}


def test_spans_of_many_threads_come_and_go() -> None:
    rig = Rig("all")
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(300):
                rig.start("short").end()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        rig.announcer.say()
    assert not failures
    assert rig.table.spans == {}


# The whole way ----------------------------------------------------------------------------------------------------


@pytest.fixture
def traced(collector: Server) -> Iterator[Server]:
    runtime.restart(configure())
    yield collector
    runtime.reset()


def status_of(server: Server, name: str) -> str | None:
    found = httpx.get(f"{server.url}/api/v1/traces", timeout=60).json()["items"]
    return next((trace["status"] for trace in found if trace["name"] == name), None)


def test_a_running_trace_is_seen_and_then_replaced(traced: Server) -> None:
    with assay.start_span("long", kind="agent"):
        until(lambda: status_of(traced, "long") == "in_progress")
        with assay.start_span("step"):
            pass
    assert assay.flush()
    assert status_of(traced, "long") == "unset"


def test_a_program_that_shuts_down_in_the_middle_leaves_it_interrupted(traced: Server) -> None:
    with assay.start_span("left", kind="agent"):
        until(lambda: status_of(traced, "left") == "in_progress")
        assay.shutdown()
        assert status_of(traced, "left") == "interrupted"


def test_log_records_that_nobody_takes_are_tried_no_more(collector: Server) -> None:
    nowhere = LogPoster(load_settings(endpoint=f"{collector.url}/nowhere"))
    assert nowhere(ExportLogsServiceRequest().SerializeToString()) is False
    away = LogPoster(load_settings(endpoint="http://127.0.0.1:9"))
    assert away(b"") is None
    assert away(b"") is None  # at once: not before some seconds have passed
    for poster in (nowhere, away):
        poster.close()


def test_the_instance_is_that_of_the_process() -> None:
    assert OpenSpans().instance != OpenSpans().instance
    assert len(OpenSpans().instance) == len(os.urandom(16).hex())
