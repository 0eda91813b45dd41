"""OTLP in JSON: the same spans as in protobuf, and what only JSON can get wrong."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from assay.collector.decode import Decoded, DecodedSpan, decode_request
from assay.collector.decode_json import decode_json_request
from assay.collector.decode_logs import decode_json_logs, decode_logs
from assay.errors import InvalidRequest
from support.otlp_messages import SPAN_ID, TRACE_ID, logs, otlp_json, span, traces

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
IDS = st.one_of(st.binary(max_size=20), st.binary(min_size=16, max_size=16), st.binary(min_size=8, max_size=8))
TIMES = st.integers(0, 2**64 - 1)

VALUES = st.recursive(
    st.one_of(
        st.just(AnyValue()),
        st.builds(AnyValue, string_value=TEXT),
        st.builds(AnyValue, bool_value=st.booleans()),
        st.builds(AnyValue, int_value=st.integers(-(2**63), 2**63 - 1)),
        st.builds(AnyValue, double_value=st.floats()),
        st.builds(AnyValue, bytes_value=st.binary(max_size=20)),
    ),
    lambda inner: st.one_of(
        st.builds(lambda values: AnyValue(array_value=ArrayValue(values=values)), st.lists(inner, max_size=3)),
        st.builds(
            lambda pairs: AnyValue(kvlist_value=KeyValueList(values=pairs)),
            st.lists(st.builds(KeyValue, key=TEXT, value=inner), max_size=3),
        ),
    ),
    max_leaves=8,
)
ATTRIBUTES = st.lists(st.builds(KeyValue, key=TEXT, value=VALUES), max_size=4)
SPANS = st.builds(
    Span,
    trace_id=IDS,
    span_id=IDS,
    parent_span_id=IDS,
    name=TEXT,
    kind=st.integers(0, 5),
    start_time_unix_nano=TIMES,
    end_time_unix_nano=TIMES,
    trace_state=TEXT,
    dropped_attributes_count=st.integers(0, 2**32 - 1),
    attributes=ATTRIBUTES,
    events=st.lists(st.builds(Span.Event, name=TEXT, time_unix_nano=TIMES, attributes=ATTRIBUTES), max_size=2),
    links=st.lists(st.builds(Span.Link, trace_id=IDS, span_id=IDS, attributes=ATTRIBUTES), max_size=2),
    status=st.builds(Status, code=st.integers(0, 2), message=TEXT),
)
RECORDS = st.builds(
    LogRecord,
    trace_id=IDS,
    span_id=IDS,
    time_unix_nano=TIMES,
    observed_time_unix_nano=TIMES,
    event_name=TEXT,
    body=VALUES,
    attributes=ATTRIBUTES,
)


@settings(max_examples=20)
@given(st.lists(SPANS, max_size=2))
def test_the_same_request_in_json_and_in_protobuf_holds_the_same_spans(spans: list[Span]) -> None:
    request = traces(*spans)
    assert decode_json_request(otlp_json(request)) == decode_request(request.SerializeToString())


@settings(max_examples=15)
@given(st.lists(RECORDS, max_size=2))
def test_the_same_request_in_json_and_in_protobuf_holds_the_same_log_records(records: list[LogRecord]) -> None:
    request = logs(*records)
    assert decode_json_logs(otlp_json(request)) == decode_logs(request.SerializeToString())


@settings(max_examples=50)
@given(st.binary(max_size=200))
def test_no_bytes_break_the_decoder(body: bytes) -> None:
    _holds_or_is_refused(body)


JSON_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXT),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                [
                    "resourceSpans",
                    "resource",
                    "scopeSpans",
                    "scope",
                    "spans",
                    "attributes",
                    "key",
                    "value",
                    "intValue",
                    "doubleValue",
                    "arrayValue",
                    "values",
                    "kvlistValue",
                    "bytesValue",
                    "traceId",
                    "status",
                    "kind",
                    "startTimeUnixNano",
                ]
            ),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=20,
)


@settings(max_examples=50)
@given(JSON_VALUES)
def test_wrong_shapes_are_refused_and_never_break_the_decoder(value: Any) -> None:
    _holds_or_is_refused(json.dumps({"resourceSpans": value}).encode())


def _holds_or_is_refused(body: bytes) -> None:
    with contextlib.suppress(InvalidRequest):  # the one error there may be
        assert isinstance(decode_json_request(body), Decoded)


# The checklist's differences from the JSON mapping of protobuf


def one(**fields: Any) -> DecodedSpan:
    """The good span, with these fields in its JSON."""
    request = json.loads(otlp_json(traces(span())))
    request["resourceSpans"][0]["scopeSpans"][0]["spans"][0].update(fields)
    [decoded] = decode_json_request(json.dumps(request).encode()).spans
    return decoded


def attribute(value: Any) -> Any:
    return one(attributes=[{"key": "k", "value": value}]).attributes["k"]


def test_ids_are_hex_in_any_case() -> None:
    decoded = one(traceId=TRACE_ID.hex().upper(), spanId=SPAN_ID.hex().upper(), parentSpanId="ABCDEF0123456789")
    assert (decoded.trace_id, decoded.span_id) == (TRACE_ID.hex(), SPAN_ID.hex())
    assert decoded.parent_span_id == "abcdef0123456789"


@pytest.mark.parametrize("bad", ["", "zz" * 16, "ab cd" * 8, "AAECAwQFBgcICQoLDA0ODw==", "é" * 32])
def test_an_id_that_is_no_hex_costs_its_span_only(bad: str) -> None:
    request = json.loads(otlp_json(traces(span(name="good"), span(name="bad"))))
    request["resourceSpans"][0]["scopeSpans"][0]["spans"][1]["traceId"] = bad
    decoded = decode_json_request(json.dumps(request).encode())
    assert [each.name for each in decoded.spans] == ["good"]
    assert len(decoded.rejected) == 1


@pytest.mark.parametrize(("kind", "decoded"), [(3, "client"), ("SPAN_KIND_CLIENT", "client"), (99, None), (None, None)])
def test_enums_are_numbers_and_names_are_tolerated(kind: Any, decoded: str | None) -> None:
    assert one(kind=kind).span_kind == decoded


@pytest.mark.parametrize("time", ["1795000000000000001", 1795000000000000001])
def test_times_are_text_or_numbers_and_exact(time: Any) -> None:
    assert one(startTimeUnixNano=time).start_time == 1795000000000000001


@pytest.mark.parametrize(
    ("value", "decoded"),
    [
        ({"intValue": 2}, 2),
        ({"intValue": "2"}, 2),
        ({"intValue": "-9223372036854775808"}, -(2**63)),
        ({"intValue": 9007199254740993}, 9007199254740993),
        ({"doubleValue": 1}, 1.0),
        ({"doubleValue": "NaN"}, "NaN"),
        ({"doubleValue": "-Infinity"}, "-Infinity"),
        ({"boolValue": False}, False),
        ({"bytesValue": "AP8="}, {"bytesValue": "AP8="}),
        ({"bytesValue": "AP8"}, {"bytesValue": "AP8="}),
        ({"bytesValue": "_-8="}, {"bytesValue": "/+8="}),
        ({"arrayValue": {}}, []),
        ({"arrayValue": {"values": None}}, []),
        ({"kvlistValue": {}}, {}),
        ({"stringValue": None}, None),
        ({}, None),
        (None, None),
        ({"string_value": "unknown key"}, None),
        ({"stringValueStrindex": 3}, None),
    ],
)
def test_values_are_read_as_json_spells_them(value: Any, decoded: Any) -> None:
    assert attribute(value) == decoded


@pytest.mark.parametrize(
    "value",
    [
        {"intValue": "many"},
        {"intValue": 2**63},
        {"intValue": True},
        {"intValue": 1.5},
        {"doubleValue": "far"},
        {"boolValue": "true"},
        {"stringValue": 1},
        {"bytesValue": "?"},
        {"arrayValue": [1]},
        {"kvlistValue": {"values": {}}},
        "text",
    ],
)
def test_values_of_a_wrong_shape_are_refused(value: Any) -> None:
    with pytest.raises(InvalidRequest):
        attribute(value)


def test_null_is_the_default_everywhere() -> None:
    names = ["parentSpanId", "name", "kind", "attributes", "events", "links", "status", "traceState", "endTimeUnixNano"]
    decoded = one(**dict.fromkeys(names))
    assert (decoded.parent_span_id, decoded.name, decoded.attributes, decoded.status) == (None, "", {}, "unset")


def test_unknown_keys_are_ignored_and_names_of_protobuf_are_unknown() -> None:
    decoded = one(start_time_unix_nano="5", trace_id="ff", futureField={"a": [1]})
    assert decoded == one()
    assert decode_json_request(b'{"resource_spans": [{"scope_spans": [{"spans": [{}]}]}]}') == Decoded([], [])


def test_half_a_character_is_replaced_and_the_request_taken() -> None:
    body = otlp_json(traces(span(name="HALF"))).replace(b"HALF", rb"cut \ud83d, whole \ud83d\ude00, no \\ud83d")
    [decoded] = decode_json_request(body).spans
    assert decoded.name == "cut \ufffd, whole \U0001f600, no \\ud83d"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"[]", id="list"),
        pytest.param(b"null", id="null"),
        pytest.param(b"null and void", id="no-json"),
        pytest.param(b"{} {}", id="trailing"),
        pytest.param(b'{"resourceSpans": {}}', id="wrong-shape"),
        pytest.param(b'{"resourceSpans": [1]}', id="wrong-items"),
        pytest.param(b'{"resourceSpans": NaN}', id="bare-nan"),
        pytest.param(b'{"a": "\xff"}', id="no-utf-8"),
        pytest.param(b'{"resourceSpans": ' + b"[" * 100_000, id="brackets"),
        pytest.param(b'{"a":' * 5_000 + b"1" + b"}" * 5_000, id="deep"),
    ],
)
def test_what_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        decode_json_request(body)


def test_values_nested_deeper_than_is_kept_are_cut_alike() -> None:
    value: Any = 1
    for _ in range(40):
        value = [value]
    request: Message = traces(span({"k": value}))
    assert decode_json_request(otlp_json(request)) == decode_request(request.SerializeToString())
