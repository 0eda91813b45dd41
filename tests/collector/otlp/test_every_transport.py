"""What holds for OTLP in each encoding and over each transport."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from assay.collector.otlp import TRACES, encode_success
from assay.collector.server import Server
from assay.errors import CollectorUnavailable
from support.otlp_messages import SPAN_ID, TRACE_ID, any_value, logs, metrics, record, span, traces
from support.otlp_transports import MAX_BODY_BYTES, Transport, api_items

Stored = Callable[[str], list[dict[str, Any]]]

EMPTY = (
    ExportTraceServiceRequest(),
    ExportTraceServiceRequest(resource_spans=[ResourceSpans()]),
    ExportTraceServiceRequest(resource_spans=[ResourceSpans(scope_spans=[ScopeSpans()])]),
    ExportLogsServiceRequest(),
    ExportMetricsServiceRequest(),
)
BAD_IDS: tuple[dict[str, bytes], ...] = (
    {"trace_id": b""},
    {"trace_id": bytes(16)},
    {"trace_id": b"12345678"},
    {"span_id": b""},
    {"span_id": bytes(8)},
    {"span_id": TRACE_ID},
)
VALUES = {
    "text": "text",
    "false": False,
    "zero": 0,
    "beyond a double": 9007199254740993,
    "the least": -(2**63),
    "double": 0.5,
    "mixed array": [1, "a", None, {"b": [True]}],
    "nested": {"a": {"b": {"c": 1}}},
    "empty array": [],
    "empty mapping": {},
    "no value": None,
    "nul": "nul \x00 character",
    "": "no key",
    "__class__.__init__": "a key is data",
}
NO_NUMBERS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
TIMES = ((10**18, 10**18 - 5), (0, 0), (2**64 - 1, 2**64 - 1), (0, 2**64 - 1), (1, 2**63))


def test_an_empty_request_is_a_success(transport: Transport) -> None:
    for request in EMPTY:
        answer = transport.send(request)
        assert (answer.status, answer.rejected, answer.message) == (200, 0, "")


def test_a_full_success_sets_no_partial_success(transport: Transport) -> None:
    for request in (traces(span()), metrics()):
        assert transport.send(request).body in (b"", b"{}")


def test_a_partial_success_says_each_reason_once() -> None:
    answer = ExportTraceServiceResponse.FromString(encode_success(TRACES, ["a", "b", "a"], "protobuf"))
    assert answer.partial_success.rejected_spans == 3
    assert answer.partial_success.error_message == "a; b"


def test_a_log_that_is_of_no_use_here_is_a_success_and_counted(transport: Transport, server: Server) -> None:
    before = server.service.requests.dropped_log_records
    answer = transport.send(logs(record("", body="something happened"), record("gen_ai.choice", span_id=b"")))
    assert (answer.status, answer.rejected) == (200, 0)
    assert server.service.requests.dropped_log_records == before + 2


def test_spans_with_bad_ids_are_rejected_alone(transport: Transport, service: str, stored: Stored) -> None:
    answer = transport.send(traces(span(name="good"), *(span(**bad) for bad in BAD_IDS), service=service))
    assert (answer.status, answer.rejected) == (200, len(BAD_IDS))
    assert "trace_id must be" in answer.message
    assert "span_id must be" in answer.message
    assert [each["name"] for each in stored(service)] == ["good"]


def test_what_cannot_be_decoded_is_refused_for_good_and_says_why(transport: Transport) -> None:
    for request in (traces(), logs(), metrics()):
        for body in (b"\xff\xff\xff", b"[1]", b'{"resourceSpans":{}'):
            answer = transport.send_bytes(body, like=request)
            assert (answer.status, answer.retry_after_s) == (400, None)
            assert answer.message


def test_the_same_request_again_changes_nothing(transport: Transport, service: str, stored: Stored) -> None:
    for _ in range(3):
        assert transport.send(traces(span(), service=service)).status == 200
    assert len(stored(service)) == 1


def test_a_collector_that_is_too_busy_asks_to_come_again_soon(
    transport: Transport, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server.service, "full", lambda: True)
    answer = transport.send(traces(span()))
    assert answer.status == 503
    assert answer.retry_after_s in range(1, 6)


@pytest.mark.parametrize("error", [CollectorUnavailable("The disk is full."), RuntimeError("a fault of ours")])
def test_what_may_pass_is_to_be_sent_again_and_never_answered_500(
    transport: Transport, server: Server, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*args: object, **kwargs: object) -> object:
        raise error

    monkeypatch.setattr(server.service, "ingest", fail)
    answer = transport.send(traces(span()))
    assert answer.status == 503
    assert answer.retry_after_s in range(1, 6)


def test_any_value_is_stored_and_told_as_it_came(transport: Transport, service: str, stored: Stored) -> None:
    assert transport.send(traces(span(VALUES), service=service)).status == 200
    assert stored(service)[0]["attributes"] == VALUES


def test_numbers_that_json_has_not_are_told_as_text(transport: Transport, service: str, stored: Stored) -> None:
    assert transport.send(traces(span(NO_NUMBERS), service=service)).status == 200
    assert stored(service)[0]["attributes"] == {name: name for name in NO_NUMBERS}


def test_of_a_key_sent_twice_the_last_value_stands(transport: Transport, service: str, stored: Stored) -> None:
    twice = [KeyValue(key="k", value=any_value(number)) for number in (1, 2)]
    transport.send(traces(span(attributes=twice), service=service))
    assert stored(service)[0]["attributes"] == {"k": 2}


def test_parents_that_cannot_be_one_make_roots(transport: Transport, service: str, stored: Stored) -> None:
    parents = (b"", bytes(8), b"abc", TRACE_ID)
    sent = [span(parent_span_id=parent, span_id=bytes([9] * 7 + [n])) for n, parent in enumerate(parents)]
    transport.send(traces(*sent, service=service))
    assert [each["parent_span_id"] for each in stored(service)] == [None] * len(parents)


def test_a_span_that_is_its_own_parent_can_be_read(transport: Transport, service: str, server: Server) -> None:
    transport.send(traces(span(parent_span_id=SPAN_ID), service=service))
    [trace] = api_items(server, "traces", service)
    assert trace["span_count"] == 1


def test_times_that_cannot_be_keep_their_spans(transport: Transport, service: str, stored: Stored) -> None:
    sent = [
        span(start_time_unix_nano=start, end_time_unix_nano=end, span_id=bytes([9] * 7 + [number]))
        for number, (start, end) in enumerate(TIMES)
    ]
    answer = transport.send(traces(*sent, service=service))
    assert (answer.status, answer.rejected) == (200, 0)
    assert [each["duration_ms"] >= 0 for each in stored(service)] == [True] * len(TIMES)


def test_unknown_kinds_statuses_and_flags_are_taken(transport: Transport, service: str, stored: Stored) -> None:
    odd = span(kind=99, flags=0xFFFFFC01)
    odd.status.code = 77  # type: ignore[assignment]
    assert transport.send(traces(odd, service=service)).rejected == 0
    assert stored(service)[0]["status"] == "unset"


def test_links_with_bad_ids_do_not_lose_the_span(transport: Transport, service: str, stored: Stored) -> None:
    links = [Span.Link(trace_id=b"abc", span_id=b""), Span.Link(trace_id=TRACE_ID, span_id=SPAN_ID)]
    assert transport.send(traces(span(links=links), service=service)).rejected == 0
    assert [link["span_id"] for link in stored(service)[0]["links"]] == ["", SPAN_ID.hex()]


def test_without_a_resource_there_is_no_service_but_a_project(
    transport: Transport, service: str, server: Server
) -> None:
    answer = transport.send(traces(span(), service=None), x_project_name=service)
    assert answer.status == 200
    [only] = api_items(server, "spans", service)
    assert only["service_name"] is None


def test_what_is_too_large_is_refused_for_good_and_the_others_are_served(transport: Transport, service: str) -> None:
    huge = traces(span({"k": "x" * (MAX_BODY_BYTES + 1)}), service=service)
    answer = transport.send(huge)
    assert (answer.status, answer.retry_after_s) == (413, None)
    assert transport.send(traces(span(), service=service)).status == 200


def test_a_million_characters_and_a_thousand_attributes_are_kept(
    transport: Transport, service: str, stored: Stored
) -> None:
    many = {f"k{number}": number for number in range(1500)}
    answer = transport.send(traces(span({"long": "x" * 2_000_000, **many}), service=service))
    assert (answer.status, answer.rejected) == (200, 0)
    [only] = stored(service)
    assert only["attributes"]["long"].startswith("x" * 1024**2 + "…")
    assert len(only["attributes"]) == 1024


def test_rejections_are_counted_and_logged_here_since_senders_do_not(
    transport: Transport, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    before = server.service.intake.rejected
    transport.send(traces(span(trace_id=b""), span(span_id=b"")))
    assert server.service.intake.rejected == before + 2
    assert "2 of the spans in a request were rejected: trace_id must be 16 bytes" in caplog.text
