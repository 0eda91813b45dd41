"""A trace → what it took: time, tokens, money; each known, or an error that says why not."""

from __future__ import annotations

from assay.errors import ScorerError
from assay.traces import Span, Trace

NO_MODEL = "Trace model calls: assay.autolog(), or start_span(..., kind='llm')."
STREAMS = "Of streams, OpenAI's API says so when stream_options={'include_usage': True} asks for it."
MODEL_KINDS = ("llm", "embedding")


def latency_ms(trace: Trace) -> float:
    """From the beginning of the root span to its end.

    Raises:
        ScorerError: it has not ended.
    """
    root = trace.root
    if root is None or root.duration_ms is None or root.status in ("in_progress", "interrupted"):
        raise ScorerError("The trace's root span has not ended, so its duration is not known.")
    return root.duration_ms


def total_tokens(trace: Trace) -> int:
    """Input and output tokens of all model calls.

    Raises:
        ScorerError: no model call is in the trace, or one does not say its tokens.
    """
    calls = model_calls(trace)
    if silent := next((call.name for call in calls if call.total_tokens is None), None):
        raise ScorerError(f"The model call {silent!r} does not say how many tokens it used.", hint=STREAMS)
    if trace.total_tokens is None:
        raise ScorerError("No span of the trace says how many tokens it used.", hint=NO_MODEL)
    return trace.total_tokens


def cost_usd(trace: Trace) -> float:
    """What all model calls cost.

    Raises:
        ScorerError: no model call is in the trace, or the price of one is not known: unknown is not 0.
    """
    calls = model_calls(trace)
    if unpriced := next((call for call in calls if call.cost_usd is None), None):
        if unpriced.total_tokens is None:
            raise ScorerError(f"The model call {unpriced.name!r} does not say how many tokens it used.", hint=STREAMS)
        model = unpriced.response_model or unpriced.request_model or unpriced.name
        raise ScorerError(
            f"The cost of the trace is not known: there is no price of {model!r}.",
            hint="A file of your own prices is the setting ASSAY_PRICES.",
        )
    if trace.cost_usd is None:
        raise ScorerError("No span of the trace says what it cost.", hint=NO_MODEL)
    return trace.cost_usd


def model_calls(trace: Trace) -> list[Span]:
    """Those that succeeded and whose tokens count: of a call directly inside another of its kind, the inner one."""
    calls = [span for span in trace.spans if span.kind in MODEL_KINDS]
    around = {(span.parent_span_id, span.kind) for span in calls if span.total_tokens is not None}
    return [span for span in calls if span.status != "error" and (span.span_id, span.kind) not in around]
