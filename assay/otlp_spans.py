"""Spans as the API tells them -> OTLP: what an export writes, and what an import sends.

The attributes, resource, events and links are those that were received, so a collector makes the same columns of them
again. A span that was written by hand and has no attributes gets those that say the same as its columns.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Status
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage

from assay import semconv
from assay.errors import DatasetError

SPAN_KINDS = {"internal": 1, "server": 2, "client": 3, "producer": 4, "consumer": 5}
STATUSES = {"ok": 1, "error": 2}

# column -> the attribute that says the same, for spans without attributes
ATTRIBUTES = {
    "kind": semconv.ASSAY_SPAN_KIND,
    "operation": semconv.GEN_AI_OPERATION_NAME,
    "provider": semconv.GEN_AI_PROVIDER_NAME,
    "request_model": semconv.GEN_AI_REQUEST_MODEL,
    "response_model": semconv.GEN_AI_RESPONSE_MODEL,
    "input_messages": semconv.GEN_AI_INPUT_MESSAGES,
    "output_messages": semconv.GEN_AI_OUTPUT_MESSAGES,
    "input": semconv.INPUT_VALUE,
    "output": semconv.OUTPUT_VALUE,
    "session_id": semconv.SESSION_ID,
    "user_id": semconv.USER_ID,
    "input_tokens": semconv.GEN_AI_USAGE_INPUT_TOKENS,
    "output_tokens": semconv.GEN_AI_USAGE_OUTPUT_TOKENS,
    "experiment_id": semconv.ASSAY_EXPERIMENT_ID,
    "item_id": semconv.ASSAY_ITEM_ID,
}


def export_request(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Rows of `GET /api/v1/spans` as one OTLP request.

    Raises:
        DatasetError: a row is no span.
    """
    request = ExportTraceServiceRequest()
    resources: dict[str, tuple[ResourceSpans, dict[tuple[str, str], ScopeSpans]]] = {}
    for row in rows:
        resource = _resource(row)
        key = json.dumps(resource, sort_keys=True)
        if key not in resources:
            message = request.resource_spans.add()
            message.resource.attributes.extend(_pairs(resource))
            resources[key] = message, {}
        message, scopes = resources[key]
        scope = (row.get("scope_name") or "", row.get("scope_version") or "")
        if scope not in scopes:
            scopes[scope] = message.scope_spans.add()
            scopes[scope].scope.name, scopes[scope].scope.version = scope
        try:
            _fill(scopes[scope].spans.add(), row)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DatasetError(f"This row is no span: {type(error).__name__}: {error} in {str(row)[:200]}") from error
    return request.SerializeToString()


def nanoseconds(text: str) -> int:
    """ISO 8601, in UTC where it names no zone, with up to nine digits of a second -> nanoseconds since the epoch."""
    whole, dot, rest = text.partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    moment = datetime.fromisoformat(whole + rest[len(digits) :] if dot else text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    seconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // _SECOND
    return seconds * 10**9 + int(f"{digits:0<9}"[:9])


_SECOND = datetime(1970, 1, 1, 0, 0, 1) - datetime(1970, 1, 1)  # noqa: DTZ001 - their difference has no zone


def _fill(span: SpanMessage, row: Mapping[str, Any]) -> None:
    span.trace_id, span.span_id = bytes.fromhex(row["trace_id"]), bytes.fromhex(row["span_id"])
    span.parent_span_id = bytes.fromhex(row.get("parent_span_id") or "")
    span.name = row["name"]
    span.kind = SpanMessage.SpanKind.ValueType(SPAN_KINDS.get(row.get("span_kind") or "", 0))
    span.start_time_unix_nano = nanoseconds(row["start_time"])
    span.end_time_unix_nano = nanoseconds(row.get("end_time") or row["start_time"])
    span.status.code = Status.StatusCode.ValueType(STATUSES.get(row.get("status") or "", 0))
    span.status.message = row.get("status_message") or ""
    span.dropped_attributes_count = row.get("dropped_attributes_count") or 0
    span.attributes.extend(_pairs(_attributes(row)))
    for event in row.get("events") or ():
        added = span.events.add(name=event["name"], time_unix_nano=int(event.get("time_unix_nano") or 0))
        added.attributes.extend(_pairs(event.get("attributes") or {}))
    for link in row.get("links") or ():
        added_link = span.links.add(trace_id=bytes.fromhex(link["trace_id"]), span_id=bytes.fromhex(link["span_id"]))
        added_link.attributes.extend(_pairs(link.get("attributes") or {}))


def _attributes(row: Mapping[str, Any]) -> Mapping[str, Any]:
    given: Mapping[str, Any] | None = row.get("attributes")
    if given is not None:
        return given
    said = {attribute: row[column] for column, attribute in ATTRIBUTES.items() if row.get(column) is not None}
    return {name: json.dumps(value) if isinstance(value, (list, dict)) else value for name, value in said.items()}


def _resource(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """As received; with the project where the resource alone would file the span elsewhere."""
    resource = dict(row.get("resource") or {})
    if not resource and row.get("service_name"):
        resource[semconv.SERVICE_NAME] = row["service_name"]
    named = resource.get(semconv.ASSAY_PROJECT) or resource.get(semconv.OPENINFERENCE_PROJECT_NAME)
    if row.get("project") and (named or resource.get(semconv.SERVICE_NAME)) != row["project"]:
        resource[semconv.ASSAY_PROJECT] = row["project"]
    return resource


def _pairs(attributes: Mapping[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=key, value=_value(value)) for key, value in attributes.items()]


def _value(value: Any) -> AnyValue:
    if value is None:
        return AnyValue()
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value) if -(2**63) <= value < 2**63 else AnyValue(string_value=str(value))
    if isinstance(value, float):
        return AnyValue(double_value=value)
    if isinstance(value, list):
        return AnyValue(array_value=ArrayValue(values=[_value(item) for item in value]))
    if isinstance(value, dict):
        if value.keys() == {"bytesValue"}:  # as bytes are told in JSON
            return AnyValue(bytes_value=base64.b64decode(value["bytesValue"]))
        return AnyValue(kvlist_value=KeyValueList(values=_pairs(value)))
    return AnyValue(string_value=str(value))
