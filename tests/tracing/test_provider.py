"""Assay beside an OpenTelemetry that the application has set up: it joins, and replaces nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

AFTERWARDS = """
import assay
from assay.settings import configure
from assay.tracing import runtime
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

of_a_module = trace.get_tracer("module")
ours = []
runtime.restart(configure(), send=ours.extend)
early = trace.get_tracer("early")
for tracer in (of_a_module, early):
    tracer.start_span("before").end()
with assay.start_span("ours before"):
    pass

theirs, memory = TracerProvider(resource=Resource({"service.name": "app"})), InMemorySpanExporter()
theirs.add_span_processor(SimpleSpanProcessor(memory))
trace.set_tracer_provider(theirs)
assert trace.get_tracer_provider() is theirs

with trace.get_tracer("app").start_as_current_span("outer"), assay.start_span("inner"):
    of_a_module.start_span("of a module").end()
    early.start_span("early").end()
assay.flush()
trace.set_tracer_provider(TracerProvider())  # refused, as ever
assert trace.get_tracer_provider() is theirs
assay.init(environment="production")
print([span.name for span in ours])
print([(span.name, span.resource.attributes["service.name"]) for span in memory.get_finished_spans()])
"""


def test_a_provider_that_the_application_sets_afterwards_is_joined(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", AFTERWARDS], capture_output=True, text=True, timeout=120, cwd=tmp_path, check=False
    )
    theirs = ["of a module", "early", "inner", "outer"]
    assert done.stdout.splitlines() == [
        str(["before", "before", "ours before", *theirs]),
        str([(name, "app") for name in theirs]),
    ], done.stderr
    assert done.stderr.splitlines() == ["Overriding of current TracerProvider is not allowed"]


def test_a_disabled_opentelemetry_sdk_disables_ours(tmp_path: Path) -> None:
    code = """
import assay, threading
with assay.start_span("a"):
    pass
assert assay.flush()
print(threading.active_count())
"""
    environment = {**os.environ, "OTEL_SDK_DISABLED": "true", "ASSAY_ENDPOINT": "http://127.0.0.1:9"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=tmp_path,
        env=environment,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("1\n", "")
    assert list(tmp_path.iterdir()) == []
