"""The span around one row of an experiment: a trace of its own, whose spans all know which row they belong to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import context as otel
from opentelemetry import trace as otel_trace

from assay import semconv
from assay.tracing.inherited import INHERITED, current_inherited
from assay.tracing.otel_context import attach, detach
from assay.tracing.span import Span, start_span


@contextmanager
def experiment_row(experiment_id: str, item_id: str, repeat: int, *, name: str = "row") -> Iterator[Span]:
    """Open the root span of a row. It starts a new trace, even where a span is current."""
    links = {
        semconv.ASSAY_EXPERIMENT_ID: experiment_id,
        semconv.ASSAY_ITEM_ID: item_id,
        semconv.ASSAY_ITEM_REPEAT: repeat,
    }
    context = otel.set_value(INHERITED, current_inherited().merged(attributes=links))
    token = attach(otel_trace.set_span_in_context(otel_trace.INVALID_SPAN, context))
    try:
        with start_span(name, kind="task") as span:
            yield span
    finally:
        detach(token)
