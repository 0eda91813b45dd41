"""What one traced call costs: Assay's decorator beside a plain OpenTelemetry span with the same two attributes.

CPU time of the calling thread. Both hand their spans to a batching queue whose thread throws them away, as programs do
in production; so what is compared is what the traced program pays on the spot. They take turns, in short rounds.
"""

from __future__ import annotations

import gc
import json
import statistics
import time
from collections.abc import Callable, Sequence

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased

import assay
from assay.settings import configure
from assay.tracing import runtime

ROUNDS = 40
CALLS = 250
QUESTION = "How do I reset my password? " * 40  # 1.1 KB


class _Discard(SpanExporter):
    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return SpanExportResult.SUCCESS


def function(question: str) -> str:
    return "It is on the settings page."


traced = assay.trace(function)
_provider = TracerProvider(sampler=ParentBased(ALWAYS_ON), shutdown_on_exit=False)
_provider.add_span_processor(BatchSpanProcessor(_Discard(), max_queue_size=8192))
_tracer = _provider.get_tracer("plain")


def plain(question: str) -> str:
    """The same by hand, as one would write it with OpenTelemetry alone."""
    with _tracer.start_as_current_span("function") as span:
        span.set_attribute("input.value", json.dumps({"question": question}))
        answer = function(question)
        span.set_attribute("output.value", answer)
    return answer


def time_calls(call: Callable[[str], str]) -> list[float]:
    """CPU microseconds of each call."""
    taken = []
    for _ in range(CALLS):
        started = time.thread_time_ns()
        call(QUESTION)
        taken.append((time.thread_time_ns() - started) / 1000)
    return taken


def compare(calls: dict[str, Callable[[str], str]]) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        time_calls(call)
    for _ in range(ROUNDS):
        for name, call in calls.items():
            gc.collect()
            taken[name] += time_calls(call)
    return taken


def show(taken: dict[str, list[float]], base: str) -> None:
    median = statistics.median(taken[base])
    for name, each in taken.items():
        ordered = sorted(each)
        p99 = ordered[int(len(ordered) * 0.99)]
        print(f"  {name:34}{statistics.median(each):9.2f}{p99:9.2f}{statistics.median(each) / median:12.2f}")


def main() -> None:
    print(f"One traced call with {len(QUESTION)} bytes of input, CPU µs, {ROUNDS * CALLS} calls each, interleaved")
    print(f"  {'':34}{'median':>9}{'p99':>9}{'ratio':>12}")
    runtime.restart(configure(tracing=True), send=lambda spans: None)
    show(compare({"OpenTelemetry, 2 attributes": plain, "assay.trace": traced}), "OpenTelemetry, 2 attributes")
    runtime.restart(configure(tracing=False))
    show(compare({"the function alone": function, "assay.trace, tracing off": traced}), "the function alone")
    runtime.reset()


if __name__ == "__main__":
    main()
