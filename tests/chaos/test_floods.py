"""More than there is room for, larger than makes sense, and hostile: bounded in memory, answered, nothing lost."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from support.load import PROTOBUF, Load, audit, batch, percentile
from support.serving import Serving, patience

DAY = 86_400 * 10**9


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One for all that only sends; each uses a project or trace of its own."""
    with Serving(tmp_path_factory.mktemp("floods") / ".assay") as serving:
        yield serving
        assert serving.stop()[0] == 0


def send(serving: Serving, body: Any, **headers: str) -> httpx.Response:
    return httpx.post(
        f"{serving.url}/v1/traces", content=body, headers=PROTOBUF | headers, trust_env=False, timeout=60 * patience()
    )


def get(serving: Serving, path: str, **params: Any) -> httpx.Response:
    return httpx.get(f"{serving.url}/api/v1{path}", params=params, trust_env=False, timeout=60 * patience())


def one_span(trace: int, span: int = 1, name: str = "flood") -> tuple[ExportTraceServiceRequest, Any]:
    request = ExportTraceServiceRequest()
    made = (
        request.resource_spans.add()
        .scope_spans.add()
        .spans.add(trace_id=trace.to_bytes(16, "big"), span_id=span.to_bytes(8, "big"), name=name)
    )
    made.start_time_unix_nano, made.end_time_unix_nano = time.time_ns() - 10**9, time.time_ns()
    return request, made


def test_a_burst_gets_503_and_loses_nothing(data_dir: Path, size: Any) -> None:
    with Serving(data_dir) as serving:
        quiet = Load(serving.url, 1, n_spans=20, pause_s=0.05)
        time.sleep(1.0)
        burst = Load(serving.url, size(8, 32), first=1, n_spans=500)
        peak, end = 0.0, time.monotonic() + size(3, 60)
        while time.monotonic() < end:
            peak = max(peak, serving.rss_mb())
            time.sleep(0.2)
        for sender in burst.senders:
            sender.stop()
        began = time.monotonic()
        assert send(serving, batch(77, 0, 1)).status_code == 200
        normal_after = time.monotonic() - began
        rate = quiet.stop()
        serving.stop()
    p99 = percentile(quiet.seconds(), 0.99)
    print(f"burst {dict(burst.statuses)}, {rate:.0f} quiet spans/s, p99 {p99:.2f} s, memory at most {peak:.0f} MB")
    found = audit(data_dir, quiet, burst)
    assert (found.lost, found.twice, found.partial) == (0, 0, 0)
    assert set(burst.statuses) <= {200, 503}
    assert peak <= 1000
    assert p99 <= 2.0 * patience()
    assert normal_after <= 5.0 * patience()
    assert quiet.acknowledged_spans > 0


def test_a_trace_of_very_many_spans_is_taken_and_its_first_page_comes_quickly(serving: Serving, size: Any) -> None:
    n_spans, trace = size(5_000, 100_000), 7
    began = time.monotonic()
    for first in range(0, n_spans, 5_000):
        request, _ = one_span(trace, first + 1, "root")
        spans = request.resource_spans[0].scope_spans[0].spans
        for number in range(first + 2, first + 5_001):
            spans.add(
                trace_id=trace.to_bytes(16, "big"),
                span_id=number.to_bytes(8, "big"),
                parent_span_id=(1).to_bytes(8, "big"),
                name="step",
                start_time_unix_nano=spans[0].start_time_unix_nano + number,
                end_time_unix_nano=spans[0].start_time_unix_nano + number + 1000,
            )
        assert send(serving, request.SerializeToString()).status_code == 200
    ingested = time.monotonic() - began
    get(serving, "/projects")  # the first request to the API loads it
    began = time.monotonic()
    page = get(serving, f"/traces/{trace:032x}", limit=1000)
    first_page = time.monotonic() - began
    print(f"{n_spans} spans of one trace in {ingested:.1f} s; first page {first_page:.2f} s, {len(page.content)} bytes")
    assert page.json()["span_count"] == n_spans
    assert len(page.content) <= 5 * 10**6
    assert ingested <= 10.0 * patience()
    assert first_page <= 0.5 * patience()


def test_a_huge_attribute_and_very_many_attributes_are_taken(serving: Serving) -> None:
    before = serving.rss_mb()
    huge, span = one_span(8)
    span.attributes.add(key="input.value").value.string_value = "word " * 2_000_000
    many, span = one_span(9)
    for number in range(50_000):
        span.attributes.add(key=f"key.{number}").value.int_value = number
    for request in (huge, many):
        assert send(serving, request.SerializeToString()).status_code < 500
    for trace in (8, 9):
        assert get(serving, f"/traces/{trace:032x}").status_code == 200
    grown = serving.rss_mb() - before
    print(f"memory {grown:+.0f} MB")
    assert grown <= 200


def test_a_bomb_is_refused_at_once(serving: Serving, size: Any) -> None:
    stream = zlib.compressobj(9, wbits=31)
    bomb = b"".join(stream.compress(bytes(10**6)) for _ in range(size(200, 1000))) + stream.flush()
    before, began = serving.rss_mb(), time.monotonic()
    answer = send(serving, bomb, **{"content-encoding": "gzip"})
    seconds, grown = time.monotonic() - began, serving.rss_mb() - before
    print(f"{answer.status_code} after {seconds:.2f} s, memory {grown:+.0f} MB")
    assert 400 <= answer.status_code < 500
    assert seconds <= 1.0 * patience()
    assert grown <= 50


@pytest.mark.parametrize("encoding", ["protobuf", "json"])
def test_values_nested_beyond_all_measure_harm_nobody(serving: Serving, encoding: str) -> None:
    before, began = serving.rss_mb(), time.monotonic()
    if encoding == "json":
        value = '{"arrayValue":{"values":[' * 5_000 + '{"stringValue":"x"}' + "]}}" * 5_000
        span = {"traceId": f"{10:032x}", "spanId": f"{1:016x}", "name": "deep"}
        text = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span | {"attributes": ["HERE"]}]}]}]})
        body: Any = text.replace('"HERE"', '{"key":"deep","value":' + value + "}")
        answer = send(serving, body, **{"content-type": "application/json"})
    else:
        value = AnyValue(string_value="x").SerializeToString()
        for _ in range(5_000):  # an array with one value in it
            value = wrap(wrap(value, 1), 5)
        _, span_message = one_span(11)
        deep = span_message.SerializeToString() + wrap(wrap(b"deep", 1) + wrap(value, 2), 9)
        answer = send(serving, wrap(wrap(wrap(deep, 2), 2), 1))
    seconds, grown = time.monotonic() - began, serving.rss_mb() - before
    assert answer.status_code < 500
    assert seconds <= 1.0 * patience()
    assert grown <= 50
    assert send(serving, batch(60, 0, 1)).status_code == 200


def test_times_of_any_age_orphans_and_cycles_are_stored_and_readable(serving: Serving) -> None:
    now, trace = time.time_ns(), 12
    starts = (0, 1, now - 1000 * DAY, now - DAY, now, now + DAY, 2**63 - 1, 2**64 - 1)
    request, _ = one_span(trace, 1)
    spans = request.resource_spans[0].scope_spans[0].spans
    for number, start in enumerate(starts, start=2):
        spans.add(
            trace_id=trace.to_bytes(16, "big"), span_id=number.to_bytes(8, "big"), name="at", start_time_unix_nano=start
        )
    parents = {20: 99, 21: 22, 22: 21, 23: 23}  # an orphan, two that are each other's parent, one that is its own
    for number, parent in parents.items():
        spans.add(
            trace_id=trace.to_bytes(16, "big"),
            span_id=number.to_bytes(8, "big"),
            parent_span_id=parent.to_bytes(8, "big"),
            name="lost",
            start_time_unix_nano=now,
            end_time_unix_nano=now - 5,
        )
    answer = send(serving, request.SerializeToString())
    assert (answer.status_code, answer.content) == (200, b"")
    shown = get(serving, f"/traces/{trace:032x}").json()
    assert {span["span_id"] for span in shown["spans"]} == {
        f"{number:016x}" for number in (1, *range(2, 2 + len(starts)), *parents)
    }
    page = httpx.get(f"{serving.url}/t/{trace:032x}", trust_env=False, follow_redirects=True, timeout=30 * patience())
    assert page.status_code == 200


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def wrap(message: bytes, field: int) -> bytes:
    """`message` as the only field of another message."""
    return bytes([field << 3 | 2]) + varint(len(message)) + message
