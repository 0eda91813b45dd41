"""One traced call in a peer's own environment: run by that environment's Python, which need not have Assay.

    VENV/bin/python benchmarks/decorator_peers.py mlflow

Every peer traces the same function with its decorator as its documentation shows it, with inputs and outputs recorded,
and hands spans to its own background thread, which gives them to an exporter that throws them away. Prints JSON: CPU
microseconds of the calling thread for each call, and of the whole process per call with a flush at the end.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time

QUESTION = "How do I reset my password? " * 40  # 1.1 KB
CALLS = 250


def function(question):
    return "It is on the settings page."


def _discarding_provider():
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

    class Discard(SpanExporter):
        def export(self, spans):
            return SpanExportResult.SUCCESS

    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(Discard(), max_queue_size=8192))
    return provider


def openinference():
    from openinference.instrumentation import OITracer, TraceConfig

    provider = _discarding_provider()
    tracer = OITracer(provider.get_tracer("benchmark"), config=TraceConfig())
    return tracer.chain(function), provider.force_flush


def langfuse():
    from langfuse import Langfuse, observe
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

    class Discard(SpanExporter):
        def export(self, spans):
            return SpanExportResult.SUCCESS

    client = Langfuse(
        public_key="pk-lf-x", secret_key="sk-lf-x", base_url="http://127.0.0.1:9", span_exporter=Discard()
    )
    return observe(function), client.flush


def logfire():
    import logfire as library
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

    class Discard(SpanExporter):
        def export(self, spans):
            return SpanExportResult.SUCCESS

    processor = BatchSpanProcessor(Discard(), max_queue_size=8192)
    library.configure(send_to_logfire=False, console=False, additional_span_processors=[processor])
    traced = library.instrument("function", extract_args=True, record_return=True)(function)
    return traced, processor.force_flush


def mlflow():
    import tempfile

    os.environ["MLFLOW_ENABLE_ASYNC_TRACE_LOGGING"] = "true"
    import mlflow as library

    mlflow_discard()
    library.set_tracking_uri(f"sqlite:///{tempfile.mkdtemp()}/mlflow.db")
    return library.trace(function), lambda: None


def mlflow_discard():
    """MLflow exports with a class of its own that takes whole traces: replaced where it hands them over."""
    from mlflow.tracing.export.mlflow_v3 import MlflowV3SpanExporter

    MlflowV3SpanExporter.export = lambda self, spans: None


def measure(call, rounds):
    taken = []
    for _ in range(rounds):
        gc.collect()
        for _ in range(CALLS):
            started = time.thread_time_ns()
            call(QUESTION)
            taken.append((time.thread_time_ns() - started) / 1000)
    return taken


def main():
    name = sys.argv[1]
    call, flush = globals()[name]()
    measure(call, 2)
    print("ready", flush=True)
    for line in sys.stdin:  # one round for each line: the rounds of all systems take turns
        rounds = int(line)
        process, started = time.process_time_ns(), None
        taken = measure(call, rounds)
        flush()
        process = (time.process_time_ns() - process) / 1000 / len(taken)
        print(json.dumps({"taken": taken, "process": process, "started": started}), flush=True)


if __name__ == "__main__":
    main()
