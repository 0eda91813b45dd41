"""The one span processor: gives new spans what they inherit, and hands ended ones to the export queue."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from opentelemetry import context as otel
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.trace.propagation import _SPAN_KEY

from assay import semconv
from assay.tracing.in_progress import OpenSpans
from assay.tracing.inherited import INHERITED
from assay.tracing.tell import our_fault

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan, Span

MODEL_OPERATIONS = frozenset({"chat", "text_completion", "generate_content"})
_RATIO_MASK = (1 << 64) - 1


class Processor(SpanProcessor):
    """Sits in our own tracer provider, or in the one the application had before us.

    Facts are kept on the span object itself, so that they live exactly as long as somebody can reach the span:
    `_assay_root`, the outermost span of the trace in this process, `_assay_prompt`, the prompt used last, and
    `_assay_ab`, the arm of an A/B test (see ab_link.py).
    """

    def __init__(self) -> None:
        self.put: Callable[[ReadableSpan], None] | None = None  # None: nothing leaves the process
        self.flush: Callable[[float], bool] = lambda timeout_s: True
        self.keep_below: int | None = None  # of another's provider, whose sampler is not ours to set
        self.open = OpenSpans()

    def on_start(self, span: Span, parent_context: otel.Context | None = None) -> None:
        try:
            _inherit(span, otel.get_current() if parent_context is None else parent_context)
            self.open.started(span)
        except Exception:
            our_fault("starting a span")

    def on_end(self, span: ReadableSpan) -> None:
        try:
            self.open.ended(span)
            put = self.put
            if put is None or span.context is None or not span.context.trace_flags.sampled:
                return
            if self.keep_below is not None and (span.context.trace_id & _RATIO_MASK) >= self.keep_below:
                return
            put(span)
        except Exception:
            our_fault("ending a span")

    def shutdown(self) -> None:
        self.flush(5.0)

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        return self.flush(timeout_millis / 1000)


def _inherit(span: Any, context: otel.Context) -> None:
    parent: Any = context.get(_SPAN_KEY)
    span._assay_root = getattr(parent, "_assay_root", None) or span
    prompt = getattr(parent, "_assay_prompt", None)
    if prompt is not None:
        span._assay_prompt = prompt
        if _calls_a_model(span.attributes):
            set_prompt(span, prompt)
    if (arm := arm_of(parent)) is not None:
        span._assay_ab = arm
        own = span.attributes
        span.set_attributes({name: value for name, value in arm.items() if name not in own})
    inherited: Any = context.get(INHERITED)
    if inherited is not None:
        own = span.attributes
        span.set_attributes({name: value for name, value in inherited.attributes.items() if name not in own})


def arm_of(span: Any) -> dict[str, str] | None:
    """The A/B test that `span` is exposed to and its arm, as attributes: by itself, or as a part of its trace."""
    arm: dict[str, str] | None = getattr(span, "_assay_ab", None)
    return arm or getattr(getattr(span, "_assay_root", None), "_assay_ab_of_trace", None)


def _calls_a_model(attributes: Any) -> bool:
    return (
        attributes.get(semconv.GEN_AI_OPERATION_NAME) in MODEL_OPERATIONS
        or attributes.get(semconv.OPENINFERENCE_SPAN_KIND) == "LLM"
    )


def set_prompt(span: Any, prompt: tuple[str, int, *tuple[str, ...]]) -> None:
    """`prompt` is a name, a version, and the versions of other prompts that it included."""
    name, version, *includes = prompt
    span.set_attribute(semconv.GEN_AI_PROMPT_NAME, name)
    span.set_attribute(semconv.GEN_AI_PROMPT_VERSION, version)
    if includes:
        span.set_attribute(semconv.ASSAY_PROMPT_INCLUDES, includes)
