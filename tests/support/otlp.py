"""Real OTLP requests, made by the OpenTelemetry SDK: what any program sends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Tracer

PROTOBUF = {"content-type": "application/x-protobuf"}


class Recorder:
    """Collects what a tracer makes, as the bytes an exporter would send."""

    def __init__(self, resource: Mapping[str, Any]) -> None:
        self._exporter = InMemorySpanExporter()
        provider = TracerProvider(resource=Resource(dict(resource)))
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.tracer: Tracer = provider.get_tracer("tests", "1.0")

    def body(self) -> bytes:
        return encode_spans(self._exporter.get_finished_spans()).SerializeToString()


@contextmanager
def recorded(**resource: Any) -> Iterator[Recorder]:
    """A recorder whose spans carry this resource; dots in names are written as two underscores."""
    yield Recorder({name.replace("__", "."): value for name, value in (resource or {"service__name": "shop"}).items()})


def one_span(name: str = "work", attributes: Mapping[str, Any] | None = None, **resource: Any) -> bytes:
    """An export request with a single span."""
    with (
        recorded(**resource) as recorder,
        recorder.tracer.start_as_current_span(name, attributes=dict(attributes or {})),
    ):
        pass
    return recorder.body()
