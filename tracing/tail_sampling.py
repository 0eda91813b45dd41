"""Sampling that waits for the end: traces that failed or took long are kept, of the others a share by trace id.

A trace that its id keeps is never held back. Of the others the ended spans wait, until the outermost span of the trace
in this process has ended, within bounds of bytes and time. What exceeds them is decided by what is known by then.
"""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from opentelemetry.trace import StatusCode

from assay.tracing.tell import logger, say_once

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

    from assay.settings import Settings

MAX_REMEMBERED = 10_000  # traces that are decided, for spans that end late
SPAN_BYTES = 600  # that a span takes besides its texts
RATIO_BITS = (1 << 64) - 1


@dataclass(slots=True)
class Counts:
    """Spans since the start: `dropped` by decision; `early`: traces of either fate that a bound had decided."""

    kept: int = 0
    dropped: int = 0
    early: int = 0


@dataclass(slots=True)
class _Trace:
    since: float
    spans: list[ReadableSpan] = field(default_factory=list)
    n_bytes: int = 0
    started: int | None = None  # of its first span, nanoseconds since the Unix epoch
    failed: bool = False


class TailSampler:
    """Called on the export thread; only `wants` may be called from any thread.

    Args:
        keep_below: traces whose id, in its last 64 bits, is below it are kept in any case.
        keep_slow_ns: None: it does not matter how long a trace took.
    """

    def __init__(
        self,
        *,
        keep_below: int,
        keep_errors: bool,
        keep_slow_ns: int | None,
        max_bytes: int,
        max_wait_s: float,
        clock: Callable[[], float] = time.monotonic,
        wall_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.counts = Counts()
        self._keep_below = keep_below
        self._keep_errors = keep_errors
        self._keep_slow_ns = keep_slow_ns
        self._max_bytes = max_bytes
        self._max_wait_s = max_wait_s
        self._clock = clock
        self._wall_ns = wall_ns
        self._fresh()

    def _fresh(self) -> None:
        self._pid = os.getpid()
        self._held: OrderedDict[int, _Trace] = OrderedDict()  # the oldest first
        self._held_bytes = 0
        self._decided: OrderedDict[int, bool] = OrderedDict()
        self._scored: OrderedDict[int, None] = OrderedDict()

    def by_rate(self, trace_id: int) -> bool:
        return (trace_id & RATIO_BITS) < self._keep_below

    def wants(self, trace_id: int) -> bool:
        """Note that the trace is judged, which keeps it; False when it is dropped already."""
        if self.by_rate(trace_id):
            return True
        self._scored[trace_id] = None
        if len(self._scored) > MAX_REMEMBERED:
            self._scored.popitem(last=False)
        return self._decided.get(trace_id, True)

    def take(self, spans: list[ReadableSpan]) -> list[ReadableSpan]:
        """The spans to send now: those of traces that are kept."""
        if self._pid != os.getpid():  # forked: what waits is the parent's
            self._fresh()
        ready: list[ReadableSpan] = []
        for span in spans:
            self._take_one(span, ready)
        self._keep_bounds(ready)
        self.counts.kept += len(ready)
        return ready

    def rest(self) -> list[ReadableSpan]:
        """Everything that waits, decided by what is known."""
        if self._pid != os.getpid():
            self._fresh()
        ready: list[ReadableSpan] = []
        while self._held:
            self._decide_oldest(ready)
        self.counts.kept += len(ready)
        if self.counts.early:
            logger.info("Sampling decided %d traces before their end.", self.counts.early)
        return ready

    def _take_one(self, span: ReadableSpan, ready: list[ReadableSpan]) -> None:
        assert span.context is not None
        trace_id = span.context.trace_id
        decided = True if self.by_rate(trace_id) else self._decided.get(trace_id)
        if decided is not None:
            if decided:
                ready.append(span)
            else:
                self.counts.dropped += 1
            return
        trace = self._held.get(trace_id)
        if trace is None:
            trace = self._held[trace_id] = _Trace(self._clock())
        self._hold(trace, span)
        if span.parent is None or span.parent.is_remote:
            self._decide(trace_id, self._deserves(trace_id, trace, _duration_ns(span)), ready)
            if span.parent is not None and not self._decided.get(trace_id):
                self._decided.pop(trace_id, None)  # other calls of the same trace may come, and may fail

    def _hold(self, trace: _Trace, span: ReadableSpan) -> None:
        n_bytes = _size(span)
        trace.spans.append(span)
        trace.n_bytes += n_bytes
        self._held_bytes += n_bytes
        trace.failed = trace.failed or span.status.status_code is StatusCode.ERROR
        if span.start_time is not None:
            trace.started = min(span.start_time, trace.started or span.start_time)

    def _deserves(self, trace_id: int, trace: _Trace, duration_ns: int) -> bool:
        slow = self._keep_slow_ns is not None and duration_ns >= self._keep_slow_ns
        return slow or (self._keep_errors and trace.failed) or trace_id in self._scored

    def _decide(self, trace_id: int, keep: bool, ready: list[ReadableSpan]) -> None:
        trace = self._held.pop(trace_id)
        self._held_bytes -= trace.n_bytes
        self._decided[trace_id] = keep
        if len(self._decided) > MAX_REMEMBERED:
            self._decided.popitem(last=False)
        if keep:
            ready += trace.spans
        else:
            self.counts.dropped += len(trace.spans)

    def _decide_oldest(self, ready: list[ReadableSpan]) -> None:
        trace_id, trace = next(iter(self._held.items()))
        so_far = self._wall_ns() - trace.started if trace.started is not None else 0
        self._decide(trace_id, self._deserves(trace_id, trace, so_far), ready)

    def _keep_bounds(self, ready: list[ReadableSpan]) -> None:
        while self._held_bytes > self._max_bytes:
            say_once(
                "sample buffer",
                "Spans that wait for the end of their trace take more than %.0f MB: the oldest traces are decided "
                "before their end. ASSAY_SAMPLE_BUFFER_MB sets the bound.",
                self._max_bytes / 1e6,
            )
            self.counts.early += 1
            self._decide_oldest(ready)
        latest = self._clock() - self._max_wait_s
        while self._held and next(iter(self._held.values())).since <= latest:
            self.counts.early += 1
            self._decide_oldest(ready)


def tail_sampler(settings: Settings) -> TailSampler | None:
    """The sampler that the settings ask for; None: the decision is made at a trace's beginning."""
    if not waits_for_the_end(settings):
        return None
    slow = settings.keep_slow_ms
    return TailSampler(
        keep_below=keep_below(settings.sample_rate),
        keep_errors=settings.keep_errors,
        keep_slow_ns=None if slow is None else int(slow * 1e6),
        max_bytes=int(settings.sample_buffer_mb * 1e6),
        max_wait_s=settings.sample_wait_s,
    )


def waits_for_the_end(settings: Settings) -> bool:
    return settings.sample_rate < 1 and (settings.keep_errors or settings.keep_slow_ms is not None)


def head_rate(settings: Settings) -> float:
    """The share of traces to make spans of at all."""
    return 1.0 if waits_for_the_end(settings) else settings.sample_rate


def keep_below(rate: float) -> int:
    """The bound for trace ids, as OpenTelemetry's TraceIdRatioBased has it."""
    return round(min(max(rate, 0.0), 1.0) * 2**64)


def _duration_ns(span: ReadableSpan) -> int:
    return (span.end_time or 0) - (span.start_time or 0)


def _size(span: ReadableSpan) -> int:
    """About how many bytes a span takes in memory."""
    holders = [span.attributes, *(event.attributes for event in span.events)]
    texts = sum(len(value) for each in holders if each for value in each.values() if isinstance(value, (str, tuple)))
    return SPAN_BYTES + 2 * texts
