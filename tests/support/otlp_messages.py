"""OTLP requests made by hand: for what no SDK sends, and in JSON as JavaScript writes it."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric, ResourceMetrics, ScopeMetrics
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

TRACE_ID = bytes(range(16))
SPAN_ID = bytes(range(1, 9))
NOW = time.time_ns()

ID_FIELDS = ("traceId", "spanId", "parentSpanId")


def any_value(value: Any) -> AnyValue:
    """A plain value as an AnyValue; None is one without a value."""
    match value:
        case None:
            return AnyValue()
        case bool():
            return AnyValue(bool_value=value)
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case str():
            return AnyValue(string_value=value)
        case bytes():
            return AnyValue(bytes_value=value)
        case dict():
            return AnyValue(kvlist_value=KeyValueList(values=pairs(value)))
        case _:
            return AnyValue(array_value=ArrayValue(values=[any_value(item) for item in value]))


def pairs(values: Mapping[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=key, value=any_value(value)) for key, value in values.items()]


def span(values: Mapping[str, Any] | None = None, **fields: Any) -> Span:
    """A good span of one second with these attributes, but for the fields that are given."""
    good: dict[str, Any] = {
        "trace_id": TRACE_ID,
        "span_id": SPAN_ID,
        "name": "work",
        "start_time_unix_nano": NOW,
        "end_time_unix_nano": NOW + 10**9,
        "attributes": pairs(values or {}),
    }
    return Span(**{**good, **fields})


def traces(*spans: Span, service: str | None = "shop") -> ExportTraceServiceRequest:
    scope_spans = ScopeSpans(scope=InstrumentationScope(name="tests", version="1"), spans=spans)
    return ExportTraceServiceRequest(
        resource_spans=[ResourceSpans(resource=_resource(service), scope_spans=[scope_spans])]
    )


def record(event: str, values: Mapping[str, Any] | None = None, body: Any = None, **fields: Any) -> LogRecord:
    """A log record of the good span with these attributes, but for the fields that are given."""
    good: dict[str, Any] = {
        "trace_id": TRACE_ID,
        "span_id": SPAN_ID,
        "event_name": event,
        "time_unix_nano": NOW + 1,
        "attributes": pairs(values or {}),
    }
    if body is not None:
        good["body"] = any_value(body)
    return LogRecord(**{**good, **fields})


def logs(*records: LogRecord, service: str | None = "shop") -> ExportLogsServiceRequest:
    scope_logs = ScopeLogs(scope=InstrumentationScope(name="tests", version="1"), log_records=records)
    return ExportLogsServiceRequest(resource_logs=[ResourceLogs(resource=_resource(service), scope_logs=[scope_logs])])


def metrics() -> ExportMetricsServiceRequest:
    scope_metrics = ScopeMetrics(metrics=[Metric(name="gen_ai.client.inference.duration")])
    return ExportMetricsServiceRequest(resource_metrics=[ResourceMetrics(scope_metrics=[scope_metrics])])


def _resource(service: str | None) -> Resource:
    return Resource(attributes=pairs({} if service is None else {"service.name": service}))


def otlp_json(message: Message) -> bytes:
    """The message in OTLP's JSON: as protobuf maps it, but ids in hex and enums as numbers."""
    return json.dumps(_with_hex_ids(MessageToDict(message, use_integers_for_enums=True))).encode()


def _with_hex_ids(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            key: base64.b64decode(item).hex() if key in ID_FIELDS and isinstance(item, str) else _with_hex_ids(item)
            for key, item in value.items()
        }
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_with_hex_ids(item) for item in value]
    return value
