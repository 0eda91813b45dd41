"""The way of ended spans out of the process: queue, preparation, OTLP, then to the collector or into files."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from assay.tracing.background import BackgroundQueue
from assay.tracing.post import load_what_sending_takes
from assay.tracing.prepare import Outlet, Prepare, Send
from assay.tracing.requests import Request, encode
from assay.tracing.tell import Teller

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

    from assay.settings import Settings

DELAY_WHILE_AWAY_S = 0.2  # a process that is killed then loses what ended since, and no more
DRAINED_WITHIN_S = 8.0  # for encoding and spooling what waits; supervisors kill after 10. See `patience`
SPAN_BYTES = 600  # of a span without attributes, about


class Sink(Protocol):
    """Where encoded requests go. `put` is called on the export thread, the others on any."""

    @property
    def away(self) -> bool: ...
    def put(self, request: Request) -> None: ...
    def settle(self, timeout_s: float) -> bool: ...
    def hurry(self) -> None: ...
    def close(self, timeout_s: float) -> bool: ...


class SpanExport:
    """`put` takes an ended span and returns at once; everything else happens on threads of ours."""

    def __init__(
        self, settings: Settings, *, sink: Sink, teller: Teller, prepare: Prepare, send: Send | None = None
    ) -> None:
        """
        Args:
            send: takes the prepared spans, in place of `sink`.
        """
        self._sink = sink
        self._teller = teller
        delay_s = from_environment("OTEL_BSP_SCHEDULE_DELAY", 1000) / 1000
        outlet = Outlet(prepare, send or self._hand_over)
        self.queue: BackgroundQueue[ReadableSpan] = BackgroundQueue(
            outlet,
            teller=teller,
            name="assay-spans",
            max_items=from_environment("OTEL_BSP_MAX_QUEUE_SIZE", 8192),
            max_bytes=settings.queue_max_bytes,
            weigh=span_bytes,
            batch_size=from_environment("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512),
            delay_s=lambda: min(delay_s, DELAY_WHILE_AWAY_S) if sink.away else delay_s,
            tick=outlet.tick,
            finish=outlet.finish,
        )
        self.put: Callable[[ReadableSpan], None] = self.queue.put

    def flush(self, timeout_s: float) -> bool:
        """Send everything that was put. False when the time was not enough, or the collector is away: then what is not
        sent is in the spool, as far as it can be.
        """
        deadline = time.monotonic() + timeout_s
        return self.queue.flush(timeout_s) and self._sink.settle(max(0.0, deadline - time.monotonic()))

    def close(self, timeout_s: float) -> bool:
        """As `flush`, for the last time, and count what can neither be sent nor kept."""
        deadline = time.monotonic() + timeout_s
        self._sink.hurry()
        drained = self.queue.drain(max(timeout_s, DRAINED_WITHIN_S))
        sent = self._sink.close(max(0.0, deadline - time.monotonic()))
        self._teller.tell()
        return drained and sent

    def _hand_over(self, spans: list[ReadableSpan]) -> None:
        load_what_sending_takes()
        requests, broken = encode(spans)
        self._teller.drop(broken, "an attribute cannot be encoded as protobuf.")
        for request in requests:
            self._sink.put(request)


class Nowhere:
    """A sink for exports that have a `send` of their own."""

    away = False

    def put(self, request: Request) -> None:
        raise AssertionError("nothing is encoded for it")

    def settle(self, timeout_s: float) -> bool:
        return True

    def hurry(self) -> None:
        pass

    def close(self, timeout_s: float) -> bool:
        return True


def span_export(settings: Settings, prepare: Prepare, send: Send | None = None) -> SpanExport:
    """The export that the settings ask for; or one that ends in `send`."""
    from assay.destination import file_directory

    teller = Teller("span")
    directory = file_directory(settings)
    if send is not None:
        sink: Sink = Nowhere()
    elif directory is not None:
        from assay.tracing.file_export import FileOutbox

        sink = FileOutbox(directory, max_bytes=settings.file_max_bytes, teller=teller)
    else:
        from assay.tracing.outbox import Outbox
        from assay.tracing.post import Poster
        from assay.tracing.spool import Spool, spool_directory

        spool = None
        if settings.spool_max_bytes:
            spool = Spool(spool_directory(settings), max_bytes=settings.spool_max_bytes)
        sink = outbox = Outbox(Poster(settings), spool=spool, teller=teller)
        if settings.endpoint and spool is not None and spool.waiting():
            outbox.start()  # what a process before us left; without an endpoint that waits for the first span
    return SpanExport(settings, sink=sink, teller=teller, prepare=prepare, send=send)


def span_bytes(span: Any) -> int:
    """About how much memory a span holds: the text in its attributes and events.

    Called for every span that ends, so it looks into OpenTelemetry's containers, whose own methods take longer than all
    of this, where they are as they were.
    """
    size = SPAN_BYTES
    attributes, events = span._attributes, span._events
    for value in (attributes._dict if hasattr(attributes, "_dict") else attributes or _NONE).values():
        if value.__class__ is str:
            size += len(value)
        elif value.__class__ is tuple:
            size += sum(map(sys.getsizeof, value))
    for event in getattr(events, "_dq", events) or ():
        size += SPAN_BYTES + sum(map(sys.getsizeof, (event.attributes or _NONE).values()))
    return size


_NONE: dict[str, Any] = {}


def from_environment(variable: str, default: int) -> int:
    try:
        value = int(os.environ.get(variable, default))
    except ValueError:
        return default
    return value if value > 0 else default
