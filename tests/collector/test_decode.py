"""OTLP bytes become spans, whatever the bytes."""

from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from assay.collector.decode import MAX_DEPTH, TOO_DEEP, Decoded, decode_request
from assay.errors import InvalidRequest

TRACE_ID = bytes(range(16))
SPAN_ID = bytes(range(1, 9))


def request(*spans: Span) -> bytes:
    scope = ScopeSpans(spans=spans)
    return ExportTraceServiceRequest(resource_spans=[ResourceSpans(scope_spans=[scope])]).SerializeToString()


def span(**fields: object) -> Span:
    return Span(**{"trace_id": TRACE_ID, "span_id": SPAN_ID, "name": "work", **fields})  # type: ignore[arg-type]


def decoded_attribute(value: AnyValue) -> object:
    [decoded] = decode_request(request(span(attributes=[KeyValue(key="k", value=value)]))).spans
    return decoded.attributes["k"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(AnyValue(string_value="text"), "text", id="string"),
        pytest.param(AnyValue(bool_value=False), False, id="false-is-not-absent"),
        pytest.param(AnyValue(int_value=0), 0, id="zero-is-not-absent"),
        pytest.param(AnyValue(int_value=9007199254740993), 9007199254740993, id="beyond-a-double"),
        pytest.param(AnyValue(double_value=0.5), 0.5, id="double"),
        pytest.param(AnyValue(double_value=math.nan), "NaN", id="nan"),
        pytest.param(AnyValue(double_value=-math.inf), "-Infinity", id="minus-infinity"),
        pytest.param(AnyValue(bytes_value=b"\x00\xff"), {"bytesValue": "AP8="}, id="bytes"),
        pytest.param(AnyValue(), None, id="no-value"),
        pytest.param(
            AnyValue(array_value=ArrayValue(values=[AnyValue(int_value=1), AnyValue(string_value="a")])),
            [1, "a"],
            id="mixed-array",
        ),
        pytest.param(
            AnyValue(kvlist_value=KeyValueList(values=[KeyValue(key="a", value=AnyValue(bool_value=True))])),
            {"a": True},
            id="mapping",
        ),
    ],
)
def test_every_kind_of_value_is_decoded(value: AnyValue, expected: object) -> None:
    assert decoded_attribute(value) == expected


def test_values_nested_too_deeply_are_cut_and_the_span_is_kept() -> None:
    value = AnyValue(int_value=1)
    for _ in range(MAX_DEPTH + 3):
        value = AnyValue(array_value=ArrayValue(values=[value]))
    decoded = decoded_attribute(value)
    for _ in range(MAX_DEPTH):
        assert isinstance(decoded, list)
        [decoded] = decoded
    assert decoded == [TOO_DEEP]


def test_of_a_key_sent_twice_the_last_value_stands() -> None:
    pairs = [KeyValue(key="k", value=AnyValue(int_value=number)) for number in (1, 2)]
    [decoded] = decode_request(request(span(attributes=pairs))).spans
    assert decoded.attributes == {"k": 2}


@pytest.mark.parametrize(
    "bad", [{"trace_id": b""}, {"trace_id": bytes(16)}, {"trace_id": b"x" * 8}, {"span_id": b""}, {"span_id": bytes(8)}]
)
def test_a_span_without_a_valid_id_is_rejected_and_the_others_are_kept(bad: dict[str, bytes]) -> None:
    decoded = decode_request(request(span(**bad), span(name="good")))
    assert [good.name for good in decoded.spans] == ["good"]
    assert len(decoded.rejected) == 1


@pytest.mark.parametrize("parent", [b"", bytes(8), b"abc"])
def test_a_parent_id_that_cannot_be_one_makes_a_root(parent: bytes) -> None:
    [decoded] = decode_request(request(span(parent_span_id=parent))).spans
    assert decoded.parent_span_id is None


def test_unknown_kinds_and_statuses_are_unspecified() -> None:
    odd = span(kind=99)
    odd.status.code = 77  # type: ignore[assignment]
    [decoded] = decode_request(request(odd)).spans
    assert (decoded.span_kind, decoded.status) == (None, "unset")


@pytest.mark.parametrize("body", [b"", ExportTraceServiceRequest().SerializeToString()])
def test_an_empty_request_is_a_good_one(body: bytes) -> None:
    assert decode_request(body) == Decoded([], [])


@given(st.binary(max_size=300))
def test_no_bytes_break_the_decoder(body: bytes) -> None:
    with contextlib.suppress(InvalidRequest):  # the one error there may be
        assert decode_request(body).rejected is not None
