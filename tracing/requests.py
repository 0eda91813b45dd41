"""Ended spans -> OTLP requests in protobuf, small enough to be sent, kept in a file, and cut in half when refused."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

MAX_REQUEST_BYTES = 4 * 1024**2  # what receivers take by default goes down to this; one span may be larger


@dataclass(frozen=True, slots=True)
class Request:
    """An encoded `ExportTraceServiceRequest`."""

    body: bytes
    count: int  # of spans
    stamp: int  # nanoseconds since the epoch when it was made: requests are sent and kept in this order

    def __len__(self) -> int:
        return len(self.body)


def encode(spans: Sequence[ReadableSpan]) -> tuple[list[Request], int]:
    """The spans as requests of bounded size, in order, and how many spans cannot be encoded.

    One bad attribute fails the whole batch in the encoder, so a batch that fails is tried in halves.
    """
    try:
        body = _encoded(spans)
    except Exception:
        if len(spans) == 1:
            return [], 1
    else:
        if len(body) <= MAX_REQUEST_BYTES or len(spans) == 1:
            return [Request(body, len(spans), time.time_ns())], 0
    middle = len(spans) // 2
    first, second = encode(spans[:middle]), encode(spans[middle:])
    return first[0] + second[0], first[1] + second[1]


def halves(request: Request) -> list[Request]:
    """The same spans as two requests. Only for requests of more than one span."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    message = ExportTraceServiceRequest.FromString(request.body)
    spans = list(_flat(message))
    middle = len(spans) // 2
    return [_gathered(part, request.stamp) for part in (spans[:middle], spans[middle:])]


def _encoded(spans: Sequence[ReadableSpan]) -> bytes:
    from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

    message: Any = encode_spans(spans)
    return bytes(message.SerializeToString())


def _flat(message: Any) -> Iterator[tuple[Any, Any, Any]]:
    """Every span with the resource and the scope it stands under."""
    for of_resource in message.resource_spans:
        for of_scope in of_resource.scope_spans:
            for span in of_scope.spans:
                yield of_resource, of_scope, span


def _gathered(spans: Sequence[tuple[Any, Any, Any]], stamp: int) -> Request:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    message = ExportTraceServiceRequest()
    resource = scope = None
    into_resource: Any = None
    into_scope: Any = None
    for of_resource, of_scope, span in spans:
        if of_resource is not resource:
            resource, scope = of_resource, None
            into_resource = message.resource_spans.add(schema_url=of_resource.schema_url)
            into_resource.resource.CopyFrom(of_resource.resource)
        if of_scope is not scope:
            scope = of_scope
            into_scope = into_resource.scope_spans.add(schema_url=of_scope.schema_url)
            into_scope.scope.CopyFrom(of_scope.scope)
        into_scope.spans.append(span)
    return Request(message.SerializeToString(), len(spans), stamp)
