"""The exporters of OpenTelemetry for Python, as programs use them: spans, events in log records, metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import grpc
import pytest
from opentelemetry._logs import LogRecord
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcLogs
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as GrpcMetrics
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpans
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpLogs
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter as HttpMetrics
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpans
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, LogRecordExportResult, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricExportResult
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from assay.collector.server import Server
from support.otlp_transports import api_items

Exporters = tuple[Any, Any, Any]  # of spans, log records, metrics


def over_http(server: Server, compression: Compression) -> Exporters:
    options: Mapping[str, Any] = {"compression": compression}
    return (
        HttpSpans(f"{server.url}/v1/traces", **options),
        HttpLogs(f"{server.url}/v1/logs", **options),
        HttpMetrics(f"{server.url}/v1/metrics", **options),
    )


def over_grpc(server: Server, compression: grpc.Compression) -> Exporters:
    options: Mapping[str, Any] = {"endpoint": server.grpc_url, "insecure": True, "compression": compression}
    return GrpcSpans(**options), GrpcLogs(**options), GrpcMetrics(**options)


def in_json(server: Server) -> Exporters:
    traces = pytest.importorskip("opentelemetry.exporter.otlp.json.http.trace_exporter")
    logs = pytest.importorskip("opentelemetry.exporter.otlp.json.http._log_exporter")
    metrics = pytest.importorskip("opentelemetry.exporter.otlp.json.http.metric_exporter")
    return (
        traces.OTLPSpanExporter(f"{server.url}/v1/traces"),
        logs.OTLPLogExporter(f"{server.url}/v1/logs"),
        metrics.OTLPMetricExporter(f"{server.url}/v1/metrics"),
    )


WAYS: Mapping[str, Callable[[Server], Exporters]] = {
    "http": lambda server: over_http(server, Compression.NoCompression),
    "http-gzip": lambda server: over_http(server, Compression.Gzip),
    "http-deflate": lambda server: over_http(server, Compression.Deflate),
    "http-json": in_json,
    "grpc": lambda server: over_grpc(server, grpc.Compression.NoCompression),
    "grpc-gzip": lambda server: over_grpc(server, grpc.Compression.Gzip),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_the_sdk_exports_arrives(server: Server, service: str, way: str) -> None:
    exporters = WAYS[way](server)
    spans, records, metrics = exporters
    resource = Resource({"service.name": service})
    made_spans, made_records, reader = InMemorySpanExporter(), InMemoryLogRecordExporter(), InMemoryMetricReader()
    tracers, loggers = TracerProvider(resource=resource), LoggerProvider(resource=resource)
    tracers.add_span_processor(SimpleSpanProcessor(made_spans))
    loggers.add_log_record_processor(SimpleLogRecordProcessor(made_records))
    meters = MeterProvider(resource=resource, metric_readers=[reader])
    said = {"gen_ai.input.messages": [{"role": "user", "parts": [{"type": "text", "content": "Hello?"}]}]}
    attributes = {"gen_ai.operation.name": "chat", "n": 9007199254740993}
    with tracers.get_tracer("t", "1").start_as_current_span("chat m", attributes=attributes):
        loggers.get_logger("l").emit(
            LogRecord(event_name="gen_ai.client.inference.operation.details", attributes=said)  # type: ignore[arg-type]
        )
    meters.get_meter("m").create_counter("calls").add(1)

    assert records.export(made_records.get_finished_logs()) is LogRecordExportResult.SUCCESS
    assert spans.export(made_spans.get_finished_spans()) is SpanExportResult.SUCCESS
    assert metrics.export(reader.get_metrics_data()) is MetricExportResult.SUCCESS
    [only] = api_items(server, "spans", service)
    assert (only["name"], only["input"], only["attributes"]) == ("chat m", "Hello?", attributes)
    for exporter in (*exporters, tracers, loggers, meters):
        exporter.shutdown()


@pytest.mark.parametrize("way", ["http", "grpc"])
def test_an_exporter_that_is_asked_to_wait_sends_again(
    server: Server, service: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = iter([True])
    monkeypatch.setattr("assay.collector.otlp.random.randint", lambda least, most: 1)
    monkeypatch.setattr(server.service, "full", lambda: next(busy, False))
    exporters = WAYS[way](server)
    made = InMemorySpanExporter()
    tracers = TracerProvider(resource=Resource({"service.name": service}))
    tracers.add_span_processor(SimpleSpanProcessor(made))
    with tracers.get_tracer("t").start_as_current_span("again"):
        pass
    assert exporters[0].export(made.get_finished_spans()) is SpanExportResult.SUCCESS
    assert next(busy, None) is None
    assert [each["name"] for each in api_items(server, "spans", service)] == ["again"]
    for exporter in exporters:
        exporter.shutdown()
