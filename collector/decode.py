"""OTLP protobuf bytes -> spans as plain Python values. Pure."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import DecodeError as ProtobufDecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage

from assay.errors import InvalidRequest

MAX_DEPTH = 32  # of nested values; deeper ones are replaced by a mark
TOO_DEEP = "[nested too deeply]"

Attributes = dict[str, Any]

SPAN_KINDS = {1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}
STATUSES = {1: "ok", 2: "error"}
NO_TRACE_ID, NO_SPAN_ID = bytes(16), bytes(8)


@dataclass(frozen=True, slots=True)
class Scope:
    name: str
    version: str


@dataclass(slots=True)  # not frozen, for that makes each one take six times as long; nobody changes one all the same
class DecodedSpan:
    """One span as it was sent. Times are nanoseconds since the Unix epoch, ids lower-case hex."""

    trace_id: str
    span_id: str
    parent_span_id: str | None
    name: str
    span_kind: str | None
    start_time: int
    end_time: int
    status: str
    status_message: str | None
    attributes: Attributes
    events: list[dict[str, Any]]
    links: list[dict[str, Any]]
    trace_state: str | None
    dropped_attributes_count: int
    scope: Scope
    resource: Attributes


@dataclass(frozen=True, slots=True)
class Decoded:
    """The good spans of a request, in the order sent, and why the others were rejected."""

    spans: list[DecodedSpan]
    rejected: list[str]


def decode_request(body: bytes) -> Decoded:
    """Decode an OTLP/HTTP protobuf export request.

    Raises:
        InvalidRequest: the body is not an ExportTraceServiceRequest.

    Source: opentelemetry-proto, collector/trace/v1/trace_service.proto.
    """
    try:
        request = ExportTraceServiceRequest.FromString(body)
    except ProtobufDecodeError as error:
        raise InvalidRequest(
            f"The body is not an ExportTraceServiceRequest: {error}.",
            hint="Send OTLP protobuf with Content-Type application/x-protobuf.",
        ) from error
    spans: list[DecodedSpan] = []
    rejected: list[str] = []
    for resource_spans in request.resource_spans:
        _decode_resource_spans(resource_spans, spans, rejected)
    return Decoded(spans, rejected)


def _decode_resource_spans(message: ResourceSpans, spans: list[DecodedSpan], rejected: list[str]) -> None:
    resource = attributes(message.resource.attributes)
    for scope_spans in message.scope_spans:
        scope = Scope(scope_spans.scope.name, scope_spans.scope.version)
        for span in scope_spans.spans:
            trace_id, span_id = span.trace_id, span.span_id
            if problem := _invalid_ids(trace_id, span_id):
                rejected.append(problem)
            else:
                spans.append(_decode_span(span, trace_id.hex(), span_id.hex(), scope, resource))


def _invalid_ids(trace_id: bytes, span_id: bytes) -> str | None:
    if len(trace_id) != 16 or trace_id == NO_TRACE_ID:
        return "trace_id must be 16 bytes, not all zero"
    if len(span_id) != 8 or span_id == NO_SPAN_ID:
        return "span_id must be 8 bytes, not all zero"
    return None


def _decode_span(span: SpanMessage, trace_id: str, span_id: str, scope: Scope, resource: Attributes) -> DecodedSpan:
    parent, status = span.parent_span_id, span.status
    return DecodedSpan(
        trace_id,
        span_id,
        # A parent id that cannot be one makes the span a root: better shown at the top than not at all.
        parent.hex() if len(parent) == 8 and parent != NO_SPAN_ID else None,
        span.name,
        SPAN_KINDS.get(span.kind),
        span.start_time_unix_nano,
        span.end_time_unix_nano,
        STATUSES.get(status.code, "unset"),
        status.message or None,
        attributes(span.attributes),
        [
            {"name": event.name, "time_unix_nano": event.time_unix_nano, "attributes": attributes(event.attributes)}
            for event in span.events
        ],
        [
            {"trace_id": link.trace_id.hex(), "span_id": link.span_id.hex(), "attributes": attributes(link.attributes)}
            for link in span.links
        ],
        span.trace_state or None,
        span.dropped_attributes_count,
        scope,
        resource,
    )


def attributes(pairs: Iterable[KeyValue]) -> Attributes:
    """Key-value pairs as a dict; of a key sent twice the last value stands."""
    found: Attributes = {}
    for pair in pairs:
        value = pair.value
        # Nearly all values are strings: they are spared a call, and asking what they are.
        found[pair.key] = value.string_value or _VALUES[value.WhichOneof("value")](value, 0)
    return found


def _value(value: AnyValue, depth: int) -> Any:
    if depth > MAX_DEPTH:
        return TOO_DEEP
    return _VALUES[value.WhichOneof("value")](value, depth)


def _number(value: AnyValue, depth: int) -> float | str:
    number = value.double_value
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"  # JSON has none of them


def _list(value: AnyValue, depth: int) -> list[Any]:
    return [_value(item, depth + 1) for item in value.array_value.values]


def _mapping(value: AnyValue, depth: int) -> dict[str, Any]:
    return {pair.key: _value(pair.value, depth + 1) for pair in value.kvlist_value.values}


def _bytes(value: AnyValue, depth: int) -> dict[str, str]:
    return {"bytesValue": base64.b64encode(value.bytes_value).decode("ascii")}  # as OTLP/JSON spells them


_VALUES: Mapping[str | None, Any] = {
    "string_value": lambda value, depth: value.string_value,
    "bool_value": lambda value, depth: value.bool_value,
    "int_value": lambda value, depth: value.int_value,
    "double_value": _number,
    "array_value": _list,
    "kvlist_value": _mapping,
    "bytes_value": _bytes,
    "string_value_strindex": lambda value, depth: None,  # belongs to profiles
    None: lambda value, depth: None,
}
