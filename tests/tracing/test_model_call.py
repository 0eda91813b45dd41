from __future__ import annotations

from opentelemetry import context as otel

import assay
from assay.tracing import runtime
from assay.tracing.autolog.model_call import ModelCall, inside_model_call, model_call_context
from assay.tracing.otel_context import attach, detach
from support.spans import Caught


def test_inside_the_span_of_a_model_call_the_next_layer_is_told_so(spans: Caught) -> None:
    call = ModelCall("chat m", {}, content=True)
    assert not inside_model_call()
    token = call.enter()
    assert inside_model_call()
    call.leave(token)
    assert not inside_model_call()


def test_a_span_in_between_makes_a_call_another_one(spans: Caught) -> None:
    call = ModelCall("chat m", {}, content=True)
    token = call.enter()
    with assay.start_span("look up", kind="tool"):
        assert not inside_model_call()
    assert inside_model_call()
    call.leave(token)


def test_a_context_left_attached_hides_nothing_once_its_call_has_ended(spans: Caught) -> None:
    span = runtime.start().tracer.start_span("chat m")
    token = attach(model_call_context(span))
    assert inside_model_call()
    span.end()
    assert not inside_model_call()
    detach(token)


def test_the_mark_is_added_to_a_context_that_is_given(spans: Caught) -> None:
    span = runtime.start().tracer.start_span("chat m")
    context = model_call_context(span, otel.Context({"kept": 1}))
    assert context["kept"] == 1
    token = attach(context)
    assert inside_model_call()
    detach(token)
