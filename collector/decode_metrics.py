"""Metrics: read, so that a sender hears of its mistakes, and not kept.

Nothing here is made of them, and many a service sends them along unasked. An error would fill that service's log, and
an answer that asks to come again would make it come again.
"""

from __future__ import annotations

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from assay.collector.json_values import as_objects, read_object
from assay.errors import InvalidRequest


def check_metrics(body: bytes) -> None:
    """
    Raises:
        InvalidRequest: the body is not an ExportMetricsServiceRequest in protobuf.
    """
    try:
        ExportMetricsServiceRequest.FromString(body)
    except DecodeError as error:
        raise InvalidRequest(f"The body is not an ExportMetricsServiceRequest: {error}.") from error


def check_json_metrics(body: bytes) -> None:
    """
    Raises:
        InvalidRequest: the body is not an ExportMetricsServiceRequest in JSON.
    """
    as_objects(read_object(body).get("resourceMetrics"), "resourceMetrics")
