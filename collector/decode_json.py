"""OTLP/JSON bytes -> the same spans that `decode` makes of protobuf. Pure."""

from __future__ import annotations

from typing import Any

from assay.collector.decode import SPAN_KINDS, STATUSES, Attributes, Decoded, DecodedSpan, Scope
from assay.collector.json_values import (
    Object,
    as_enum,
    as_id,
    as_object,
    as_objects,
    as_string,
    as_uint64,
    attributes_of,
    read_object,
)

KIND_NAMES = {f"SPAN_KIND_{name.upper()}": number for number, name in SPAN_KINDS.items()}
STATUS_NAMES = {f"STATUS_CODE_{name.upper()}": number for number, name in STATUSES.items()}


def decode_json_request(body: bytes) -> Decoded:
    """Decode an OTLP/HTTP JSON export request.

    Raises:
        InvalidRequest: the body is not an ExportTraceServiceRequest.

    Source: opentelemetry-proto, collector/trace/v1/trace_service.proto.
    """
    spans: list[DecodedSpan] = []
    rejected: list[str] = []
    for resource_spans in as_objects(read_object(body).get("resourceSpans"), "resourceSpans"):
        resource = resource_of(resource_spans)
        for scope_spans in as_objects(resource_spans.get("scopeSpans"), "scopeSpans"):
            scope = scope_of(scope_spans)
            for span in as_objects(scope_spans.get("spans"), "spans"):
                decoded = _decode_span(span, scope, resource)
                if problem := _invalid_ids(decoded):
                    rejected.append(problem)
                else:
                    spans.append(decoded)
    return Decoded(spans, rejected)


def resource_of(holder: Object) -> Attributes:
    return attributes_of(as_object(holder.get("resource"), "resource").get("attributes"))


def scope_of(holder: Object) -> Scope:
    scope = as_object(holder.get("scope"), "scope")
    return Scope(as_string(scope.get("name"), "scope.name"), as_string(scope.get("version"), "scope.version"))


def is_id(text: str, n_bytes: int) -> bool:
    """Whether lower-case hex is a valid id: of the right length, and not all zero."""
    return len(text) == 2 * n_bytes and text.strip("0") != ""


def _invalid_ids(span: DecodedSpan) -> str | None:
    if not is_id(span.trace_id, 16):
        return "trace_id must be 16 bytes, not all zero"
    if not is_id(span.span_id, 8):
        return "span_id must be 8 bytes, not all zero"
    return None


def _decode_span(span: Object, scope: Scope, resource: Attributes) -> DecodedSpan:
    parent = as_id(span.get("parentSpanId"), "parentSpanId")
    status = as_object(span.get("status"), "status")
    return DecodedSpan(
        as_id(span.get("traceId"), "traceId"),
        as_id(span.get("spanId"), "spanId"),
        parent if is_id(parent, 8) else None,
        as_string(span.get("name"), "name"),
        SPAN_KINDS.get(as_enum(span.get("kind"), KIND_NAMES)),
        as_uint64(span.get("startTimeUnixNano"), "startTimeUnixNano"),
        as_uint64(span.get("endTimeUnixNano"), "endTimeUnixNano"),
        STATUSES.get(as_enum(status.get("code"), STATUS_NAMES), "unset"),
        as_string(status.get("message"), "status.message") or None,
        attributes_of(span.get("attributes")),
        [_event(event) for event in as_objects(span.get("events"), "events")],
        [_link(link) for link in as_objects(span.get("links"), "links")],
        as_string(span.get("traceState"), "traceState") or None,
        as_uint64(span.get("droppedAttributesCount"), "droppedAttributesCount"),
        scope,
        resource,
    )


def _event(event: Object) -> dict[str, Any]:
    return {
        "name": as_string(event.get("name"), "event.name"),
        "time_unix_nano": as_uint64(event.get("timeUnixNano"), "event.timeUnixNano"),
        "attributes": attributes_of(event.get("attributes")),
    }


def _link(link: Object) -> dict[str, Any]:
    return {
        "trace_id": as_id(link.get("traceId"), "link.traceId"),
        "span_id": as_id(link.get("spanId"), "link.spanId"),
        "attributes": attributes_of(link.get("attributes")),
    }
