"""What one traced call costs: Assay's decorator beside plain OpenTelemetry, and beside peers where they are installed.

    python -m benchmarks.decorator
    python -m benchmarks.decorator --mlflow VENV/bin/python --langfuse VENV/bin/python --logfire … --openinference …

One function, one argument of 1.1 KB, one short result. Every system records both and hands its spans to a background
thread that throws them away, as programs send them in production, so what is compared is what tracing costs, not what
a collector does. Plain OpenTelemetry is what one would write by hand: a span with `input.value` and `output.value`,
given to the SDK's own BatchSpanProcessor; the same without any processor is shown as well, and a span without
attributes. Systems take turns in short rounds, so that all of them see the same machine.

Two figures: CPU of the calling thread for each call (median, 99th percentile), and CPU of the whole process per call,
with the background thread and a flush in it.
"""

from __future__ import annotations

import argparse
import functools
import gc
import json
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased

import assay
from assay.settings import configure, load_settings
from assay.tracing import runtime

ROUNDS = 40
CALLS = 250
QUESTION = "How do I reset my password? " * 40  # 1.1 KB
PEERS = ("mlflow", "langfuse", "logfire", "openinference")
BASE = "OpenTelemetry, 2 attributes"
DEFAULTS = load_settings()


class _Discard(SpanExporter):
    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return SpanExportResult.SUCCESS


def function(question: str) -> str:
    return "It is on the settings page."


traced = assay.trace(function)


@functools.wraps(function)
def wrapped(*args: Any, **kwargs: Any) -> Any:
    """A decorator that does nothing: what any decorator costs."""
    return function(*args, **kwargs)


def plain(*, processor: bool, attributes: bool) -> tuple[Callable[[str], str], Callable[[], Any]]:
    """The same by hand, as one would write it with OpenTelemetry alone."""
    provider = TracerProvider(sampler=ParentBased(ALWAYS_ON), shutdown_on_exit=False)
    if processor:
        provider.add_span_processor(BatchSpanProcessor(_Discard(), max_queue_size=8192))
    tracer = provider.get_tracer("plain")

    def with_attributes(question: str) -> str:
        with tracer.start_as_current_span("function") as span:
            span.set_attribute("input.value", json.dumps({"question": question}))
            answer = function(question)
            span.set_attribute("output.value", answer)
        return answer

    def bare(question: str) -> str:
        with tracer.start_as_current_span("function"):
            return function(question)

    return with_attributes if attributes else bare, provider.force_flush


def trace_with(**settings: Any) -> None:
    runtime.restart(configure(tracing=True, **settings), send=lambda spans: None)
    traced(QUESTION)


@dataclass(slots=True)
class Measured:
    taken: list[float] = field(default_factory=list)  # CPU microseconds of the calling thread, of each call
    process: list[float] = field(default_factory=list)  # of the whole process per call, of each round

    @property
    def median(self) -> float:
        return statistics.median(self.taken)

    @property
    def p99(self) -> float:
        return sorted(self.taken)[int(len(self.taken) * 0.99)]


class Here:
    """A system that runs in this process."""

    def __init__(
        self,
        call: Callable[[str], str],
        flush: Callable[[], Any] = lambda: None,
        before: Callable[[], Any] = lambda: None,
    ) -> None:
        self._call, self._flush, self._before = call, flush, before

    def round(self, measured: Measured) -> None:
        self._before()
        gc.collect()
        process = time.process_time_ns()
        for _ in range(CALLS):
            started = time.thread_time_ns()
            self._call(QUESTION)
            measured.taken.append((time.thread_time_ns() - started) / 1000)
        self._flush()
        measured.process.append((time.process_time_ns() - process) / 1000 / CALLS)


class There:
    """A peer, in a process of its own with its own environment: `decorator_peers.py`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._line()

    def round(self, measured: Measured) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("1\n")
        self._process.stdin.flush()
        said = json.loads(self._line())
        measured.taken += said["taken"]
        measured.process.append(said["process"])

    def _line(self) -> str:
        """The next line that is ours: libraries print as well."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(("ready", '{"taken"')):
                return line
        raise RuntimeError(f"{self._process.args!r} has ended")


@contextmanager
def peer(name: str, python: str) -> Iterator[There]:
    command = [python, str(Path(__file__).with_name("decorator_peers.py")), name]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        yield There(process)
    finally:
        process.kill()
        process.wait()


def compare(systems: dict[str, Here | There]) -> dict[str, Measured]:
    found = {name: Measured() for name in systems}
    for system in systems.values():
        system.round(Measured())
    for _ in range(ROUNDS):
        for name, system in systems.items():
            system.round(found[name])
    return found


def show(found: dict[str, Measured], base: str) -> None:
    print(f"  {'':34}{'median':>9}{'p99':>9}{'process':>9}{'ratio':>8}{'p99/median':>12}")
    for name, each in found.items():
        ratio = each.median / found[base].median
        print(
            f"  {name:34}{each.median:9.2f}{each.p99:9.2f}{statistics.median(each.process):9.2f}{ratio:8.2f}"
            f"{each.p99 / each.median:12.1f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.decorator")
    for name in PEERS:
        parser.add_argument(f"--{name}", metavar="PYTHON", help=f"the Python of an environment that has {name}")
    given = {name: python for name, python in vars(parser.parse_known_args()[0]).items() if python}
    print(f"One traced call with {len(QUESTION)} bytes of input, CPU µs, {ROUNDS * CALLS} calls each, in turns")
    with ExitStack() as stack:
        systems: dict[str, Here | There] = {
            "OpenTelemetry, bare, no processor": Here(*plain(processor=False, attributes=False)),
            "OpenTelemetry, 2 attr., no proc.": Here(*plain(processor=False, attributes=True)),
            BASE: Here(*plain(processor=True, attributes=True)),
            "assay.trace": Here(traced, assay.flush, lambda: trace_with(redact=DEFAULTS.redact)),
            "assay.trace, no redaction": Here(traced, assay.flush, lambda: trace_with(redact="off")),
            **{name: stack.enter_context(peer(name, python)) for name, python in given.items()},
        }
        show(compare(systems), BASE)
    runtime.restart(configure(tracing=False))
    print("\nWith tracing off")
    off = {"the function alone": function, "in an empty wrapper": wrapped, "assay.trace, tracing off": traced}
    show(compare({name: Here(call) for name, call in off.items()}), "in an empty wrapper")
    runtime.reset()


if __name__ == "__main__":
    main()
