"""Small traces for the examples that self-tests of judges begin with."""

from __future__ import annotations

from assay.traces import Span, Trace


def example_trace(*calls: tuple[str, str, str], times: int = 1) -> Trace:
    """An agent that calls tools: (name, input, output) of each, the whole series so many times."""
    trace_id = "0" * 31 + "1"
    root = Span(trace_id=trace_id, span_id="0" * 15 + "1", name="agent", kind="agent")
    tools = [
        Span(
            trace_id=trace_id,
            span_id=f"{number:016x}",
            parent_span_id=root.span_id,
            name=name,
            kind="tool",
            tool_name=name,
            input=given,
            output=returned,
        )
        for number, (name, given, returned) in enumerate(calls * times, start=2)
    ]
    return Trace(trace_id=trace_id, name="agent", spans=[root, *tools])
