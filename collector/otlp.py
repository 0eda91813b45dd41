"""What OTLP's transports share: the three signals, how a request of each is decoded, and how it is answered in the
encoding it came in. Pure.

Source: opentelemetry-specification, protocol/otlp.md, sections "OTLP/HTTP Response" and "OTLP/gRPC Response".
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson
from google.rpc.code_pb2 import (  # type: ignore[import-untyped]
    INTERNAL,
    INVALID_ARGUMENT,
    NOT_FOUND,
    PERMISSION_DENIED,
    RESOURCE_EXHAUSTED,
    UNAUTHENTICATED,
    UNAVAILABLE,
    UNIMPLEMENTED,
)
from google.rpc.error_details_pb2 import BadRequest, RetryInfo  # type: ignore[import-untyped]
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from assay.collector.decode import Decoded, decode_request
from assay.collector.decode_json import decode_json_request
from assay.collector.decode_logs import DecodedLogs, decode_json_logs, decode_logs
from assay.collector.decode_metrics import check_json_metrics, check_metrics
from assay.errors import AssayError

Encoding = Literal["protobuf", "json"]

CONTENT_TYPES: Mapping[Encoding, str] = {"protobuf": "application/x-protobuf", "json": "application/json"}
MAX_MESSAGE_CHARS = 2000
MAX_RETRY_AFTER_S = 5  # SDKs drop a batch when the wait exceeds what is left of their ten seconds

# HTTP status -> the code of google.rpc.Status that says the same
CODES = {
    400: INVALID_ARGUMENT,
    401: UNAUTHENTICATED,
    403: PERMISSION_DENIED,
    404: NOT_FOUND,
    405: UNIMPLEMENTED,
    408: INVALID_ARGUMENT,
    413: RESOURCE_EXHAUSTED,
    415: INVALID_ARGUMENT,
    421: INVALID_ARGUMENT,
    429: UNAVAILABLE,
    500: INTERNAL,
    503: UNAVAILABLE,
}


@dataclass(frozen=True, slots=True)
class Signal:
    """One of the three kinds of telemetry, as the protocol names its parts."""

    name: str
    service: str  # of gRPC
    decoders: Mapping[Encoding, Callable[[bytes], Decoded | DecodedLogs | None]]  # None: nothing is kept
    response: Callable[[], Any]  # the protobuf message that answers
    rejected: str  # its count of what was rejected, in protobuf
    rejected_json: str  # and in JSON

    @property
    def records(self) -> str:
        """What its requests hold, in words."""
        return self.rejected.removeprefix("rejected_").replace("_", " ")


TRACES = Signal(
    "traces",
    "opentelemetry.proto.collector.trace.v1.TraceService",
    {"protobuf": decode_request, "json": decode_json_request},
    ExportTraceServiceResponse,
    "rejected_spans",
    "rejectedSpans",
)
LOGS = Signal(
    "logs",
    "opentelemetry.proto.collector.logs.v1.LogsService",
    {"protobuf": decode_logs, "json": decode_json_logs},
    ExportLogsServiceResponse,
    "rejected_log_records",
    "rejectedLogRecords",
)
METRICS = Signal(
    "metrics",
    "opentelemetry.proto.collector.metrics.v1.MetricsService",
    {"protobuf": check_metrics, "json": check_json_metrics},
    ExportMetricsServiceResponse,
    "rejected_data_points",
    "rejectedDataPoints",
)
SIGNALS = (TRACES, LOGS, METRICS)


def encode_success(signal: Signal, rejected: Sequence[str], encoding: Encoding) -> bytes:
    """The answer to an accepted request. `partial_success` is set only when something was rejected: senders log a
    warning for its mere presence.

    Args:
        rejected: why, one reason for each span or record that was not taken.
    """
    if not rejected:
        return b"" if encoding == "protobuf" else b"{}"
    message = "; ".join(dict.fromkeys(rejected))[:MAX_MESSAGE_CHARS]
    if encoding == "json":  # int64 as text, as the JSON mapping of protobuf has it
        return orjson.dumps({"partialSuccess": {signal.rejected_json: str(len(rejected)), "errorMessage": message}})
    response = signal.response()
    setattr(response.partial_success, signal.rejected, len(rejected))
    response.partial_success.error_message = message
    encoded: bytes = response.SerializeToString()
    return encoded


def error_status(code: int, message: str, *, retry_s: int | None = None) -> Status:
    """An error as a google.rpc.Status, with the details that its code calls for."""
    status = Status(code=code, message=message)
    if code == INVALID_ARGUMENT:
        violation = BadRequest.FieldViolation(field="body", description=message)
        status.details.add().Pack(BadRequest(field_violations=[violation]))
    if retry_s is not None:
        status.details.add().Pack(retry_info(retry_s))
    return status


def retry_after_s(error: AssayError) -> int:
    """Seconds after which to try again: as the error says, else random, so that senders spread."""
    asked = getattr(error, "retry_after_s", None)
    return min(int(asked), MAX_RETRY_AFTER_S) if asked else random.randint(1, 3)


def retry_info(retry_s: int) -> RetryInfo:
    info = RetryInfo()
    info.retry_delay.seconds = retry_s
    return info


def encode_error(status: int, message: str, encoding: Encoding, *, retry_s: int | None = None) -> bytes:
    """The body of an HTTP error: google.rpc.Status in the encoding of the request."""
    described = error_status(CODES.get(status, INTERNAL), message, retry_s=retry_s)
    if encoding == "json":
        return orjson.dumps(_status_as_json(described, retry_s))
    encoded: bytes = described.SerializeToString()
    return encoded


def _status_as_json(status: Status, retry_s: int | None) -> dict[str, Any]:
    details: list[dict[str, Any]] = []
    if status.code == INVALID_ARGUMENT:
        violation = {"field": "body", "description": status.message}
        details.append({"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]})
    if retry_s is not None:
        details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{retry_s}s"})
    return {"code": status.code, "message": status.message, **({"details": details} if details else {})}
