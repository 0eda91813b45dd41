"""The row of an experiment that spans belong to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import context as otel
from opentelemetry import trace as otel_trace

from assay import semconv
from assay.tracing.inherited import INHERITED, current_inherited
from assay.tracing.otel_context import attach, detach


@contextmanager
def experiment_row(experiment_id: str, item_id: str, repeat: int) -> Iterator[None]:
    """Spans inside start traces of their own, even where a span is current, and all know which row they belong to."""
    links = {
        semconv.ASSAY_EXPERIMENT_ID: experiment_id,
        semconv.ASSAY_ITEM_ID: item_id,
        semconv.ASSAY_ITEM_REPEAT: repeat,
    }
    context = otel.set_value(INHERITED, current_inherited().merged(attributes=links))
    token = attach(otel_trace.set_span_in_context(otel_trace.INVALID_SPAN, context))
    try:
        yield
    finally:
        detach(token)
