"""OTLP log records, in protobuf or JSON -> plain Python values. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from google.protobuf.message import DecodeError as ProtobufDecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from assay.collector.decode import Attributes, Scope, attributes
from assay.collector.decode_json import is_id, resource_of, scope_of
from assay.collector.json_values import (
    Object,
    as_id,
    as_objects,
    as_string,
    as_uint64,
    attributes_of,
    read_object,
    value_of,
)
from assay.errors import InvalidRequest

EVENT_NAME = "event.name"  # where older SDKs put an event's name


@dataclass(frozen=True, slots=True)
class DecodedLog:
    """One log record. `time` is nanoseconds since the Unix epoch, ids are lower-case hex, or None where there are none
    that can be one.
    """

    trace_id: str | None
    span_id: str | None
    time: int
    event_name: str
    body: Any
    attributes: Attributes
    scope: Scope
    resource: Attributes


@dataclass(frozen=True, slots=True)
class DecodedLogs:
    """The records of a request, in the order sent."""

    records: list[DecodedLog]


def decode_logs(body: bytes) -> DecodedLogs:
    """Decode an ExportLogsServiceRequest in protobuf.

    Raises:
        InvalidRequest: the body is something else.
    """
    try:
        request = ExportLogsServiceRequest.FromString(body)
    except ProtobufDecodeError as error:
        raise InvalidRequest(f"The body is not an ExportLogsServiceRequest: {error}.") from error
    records: list[DecodedLog] = []
    for resource_logs in request.resource_logs:
        resource = attributes(resource_logs.resource.attributes)
        for scope_logs in resource_logs.scope_logs:
            scope = Scope(scope_logs.scope.name, scope_logs.scope.version)
            records.extend(_decode_record(record, scope, resource) for record in scope_logs.log_records)
    return DecodedLogs(records)


def decode_json_logs(body: bytes) -> DecodedLogs:
    """Decode an ExportLogsServiceRequest in JSON.

    Raises:
        InvalidRequest: the body is something else.
    """
    records: list[DecodedLog] = []
    for resource_logs in as_objects(read_object(body).get("resourceLogs"), "resourceLogs"):
        resource = resource_of(resource_logs)
        for scope_logs in as_objects(resource_logs.get("scopeLogs"), "scopeLogs"):
            scope = scope_of(scope_logs)
            found = as_objects(scope_logs.get("logRecords"), "logRecords")
            records.extend(_decode_json_record(record, scope, resource) for record in found)
    return DecodedLogs(records)


def _decode_record(record: LogRecord, scope: Scope, resource: Attributes) -> DecodedLog:
    fields = attributes(record.attributes)
    body = attributes([KeyValue(key="body", value=record.body)])["body"]
    return DecodedLog(
        _id_or_none(record.trace_id.hex(), 16),
        _id_or_none(record.span_id.hex(), 8),
        record.time_unix_nano or record.observed_time_unix_nano,
        record.event_name or _text(fields.get(EVENT_NAME)),
        body,
        fields,
        scope,
        resource,
    )


def _decode_json_record(record: Object, scope: Scope, resource: Attributes) -> DecodedLog:
    fields = attributes_of(record.get("attributes"))
    return DecodedLog(
        _id_or_none(as_id(record.get("traceId"), "traceId"), 16),
        _id_or_none(as_id(record.get("spanId"), "spanId"), 8),
        as_uint64(record.get("timeUnixNano"), "timeUnixNano")
        or as_uint64(record.get("observedTimeUnixNano"), "observedTimeUnixNano"),
        as_string(record.get("eventName"), "eventName") or _text(fields.get(EVENT_NAME)),
        value_of(record.get("body")),
        fields,
        scope,
        resource,
    )


def _id_or_none(text: str, n_bytes: int) -> str | None:
    return text if is_id(text, n_bytes) else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
