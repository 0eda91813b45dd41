"""Spans that are still open, for those who watch: announced to the collector as log records.

The table costs a span two entries in a dict, in the user's thread. Everything else is done by a thread of its own,
which looks twice a second: a span that has been open for half a second is announced, once, with its attributes so
far, after redaction. While announced spans are open, a record every ten seconds says that the process lives; another
one, at its orderly end, that they will not end any more. Nothing here is kept for later: the span itself comes when it
ends.
"""

from __future__ import annotations

import os
import threading
import time
import uuid
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from assay import semconv
from assay.tracing.flag import Flag
from assay.tracing.otel_context import attach, without_instrumentation
from assay.tracing.tell import in_thread, our_fault

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

LOOK_EVERY_S = 0.5
ALIVE_EVERY_S = 10.0
AGE_NS = 500_000_000
MAX_OPEN = 10_000  # in the table; beyond, spans are not announced
MAX_AT_ONCE = 200
CLOSE_WITHIN_S = 2.0

Post = Callable[[bytes], bool | None]
"""Takes an ExportLogsServiceRequest; False: never again, None: not now. Called on the thread, where it may block."""


class OpenSpans:
    """The open spans of this process that are worth watching. `started` and `ended` run in the user's threads."""

    def __init__(self) -> None:
        self.announcer: Announcer | None = None
        self.choose("off")
        self.forget()
        _tables.add(self)

    def forget(self) -> None:
        """In a forked child: what is open there is the parent's."""
        self.spans: dict[int, Any] = {}
        self.announced: set[int] = set()
        self.instance = uuid.uuid4().hex

    def choose(self, wanted: str) -> None:
        """Which spans: `all`, `off`, or `root` and kinds of spans, with commas between."""
        words = {word.strip().lower() for word in wanted.split(",")} - {""}
        self._off = not words or "off" in words
        self._all = "all" in words
        self._roots = "root" in words
        self._kinds = frozenset(word.upper() for word in words)

    def started(self, span: Any) -> None:
        if self._off:
            return
        if not self._all:
            parent = span._parent
            if not (self._roots and (parent is None or parent.is_remote)):
                attributes = span._attributes
                kind = getattr(attributes, "_dict", attributes).get(semconv.OPENINFERENCE_SPAN_KIND)
                if kind not in self._kinds:
                    return
        if len(self.spans) < MAX_OPEN:
            self.spans[span._context.span_id] = span
            if (announcer := self.announcer) is not None and announcer.thread is None:
                announcer.start()

    def ended(self, span: Any) -> None:
        self.spans.pop(span._context.span_id, None)


_tables: weakref.WeakSet[OpenSpans] = weakref.WeakSet()


def _after_fork() -> None:
    for table in list(_tables):
        table.forget()
        if table.announcer is not None:
            table.announcer.thread = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class Announcer:
    """Tells the collector of the spans in a table, from a daemon thread that starts with the first of them.

    Args:
        redact: makes of a span what may leave the process.
        is_kept: whether sampling keeps a trace, by its id.
    """

    def __init__(
        self,
        table: OpenSpans,
        post: Post,
        *,
        redact: Callable[[ReadableSpan], ReadableSpan],
        is_kept: Callable[[int], bool] = lambda trace_id: True,
        clock: Callable[[], float] = time.monotonic,
        wall_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.thread: threading.Thread | None = None
        self._table = table
        self._post = post
        self._redact = redact
        self._is_kept = is_kept
        self._clock = clock
        self._wall_ns = wall_ns
        self._said_at = clock()
        self._closing = Flag()
        self._resources: list[Any] = []
        self._wanted = True  # until the collector says that it takes no log records

    def start(self) -> None:
        """Start the thread, where one can be had."""
        thread = threading.Thread(target=in_thread(self._run, "announcing open spans"), name="assay-open", daemon=True)
        self.thread = thread
        try:
            thread.start()
        except RuntimeError:  # the interpreter is ending
            self.thread = None

    def close(self) -> None:
        """End the thread; if it is still ours to say, say what will not end any more."""
        self._closing.set()
        thread = self.thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(CLOSE_WITHIN_S)
        if self._table.announcer is self:
            self._table.announcer = None
            if thread is None or not thread.is_alive():
                try:
                    self.say(last=True)
                except Exception:
                    our_fault("announcing open spans")

    def say(self, *, last: bool = False) -> None:
        """Announce what has been open for long enough, or say that the process lives, where either is due."""
        if not self._wanted:
            return
        table = self._table
        open_now = table.spans.copy()
        table.announced.intersection_update(open_now)
        due = [each for each in open_now.values() if self._is_due(each, last=last)]
        names = []
        if last and (due or table.announced):
            names = [semconv.ASSAY_PROCESS_ENDED]
        elif table.announced and self._clock() - self._said_at >= ALIVE_EVERY_S:
            names = [semconv.ASSAY_PROCESS_ALIVE]
        if not due and not names:
            return
        some = due[:MAX_AT_ONCE]
        spans = [self._redact(each._readable_span()) for each in some]
        resources = [each.resource for each in _encoded(spans)]
        self._resources += [each for each in resources if each not in self._resources]
        taken = self._post(_request(spans, names, table.instance, self._resources))
        self._wanted = taken is not False
        if taken:
            self._said_at = self._clock()
            table.announced.update(each._context.span_id for each in some)

    def _is_due(self, span: Any, *, last: bool) -> bool:
        context = span._context
        if context.span_id in self._table.announced or not context.trace_flags.sampled:
            return False
        old_enough = last or self._wall_ns() - span._start_time >= AGE_NS
        return bool(old_enough and self._is_kept(context.trace_id))

    def _run(self) -> None:
        attach(without_instrumentation())
        while not self._closing.wait(LOOK_EVERY_S) and self._wanted:
            try:
                self.say()
            except Exception:
                our_fault("announcing open spans")


def _request(spans: Sequence[ReadableSpan], names: Sequence[str], instance: str, resources: Sequence[Any]) -> bytes:
    """Log records of these spans, and records of the process by these names, as an ExportLogsServiceRequest.

    Args:
        resources: of all spans that were ever announced, as OTLP has them: they say in whose projects the process is.
    """
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

    request = ExportLogsServiceRequest()
    for of_resource in _encoded(spans):
        logs = request.resource_logs.add(resource=of_resource.resource)
        for of_scope in of_resource.scope_spans:
            scope = logs.scope_logs.add(scope=of_scope.scope)
            for span in of_scope.spans:
                _describe(scope.log_records.add(), span)
    for resource in resources if names else ():
        scope = request.resource_logs.add(resource=resource).scope_logs.add()
        for name in names:
            now = time.time_ns()
            scope.log_records.add(event_name=name, time_unix_nano=now, observed_time_unix_nano=now)
    for logs in request.resource_logs:
        _name_instance(logs.resource, instance)
    return bytes(request.SerializeToString())


def _encoded(spans: Sequence[ReadableSpan]) -> Any:
    from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

    encoded: Any = encode_spans(spans)
    return encoded.resource_spans


def _name_instance(resource: Any, instance: str) -> None:
    """Our own name for the process: others may share theirs among forked workers."""
    others = [each for each in resource.attributes if each.key != semconv.SERVICE_INSTANCE_ID]
    del resource.attributes[:]
    resource.attributes.extend(others)
    resource.attributes.add(key=semconv.SERVICE_INSTANCE_ID).value.string_value = instance


KINDS = {1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}  # as numbers of OTLP


def _describe(record: Any, span: Any) -> None:
    record.event_name = semconv.ASSAY_SPAN_STARTED
    record.time_unix_nano = record.observed_time_unix_nano = span.start_time_unix_nano
    record.trace_id, record.span_id, record.flags = span.trace_id, span.span_id, span.flags & 0xFF
    record.attributes.extend(span.attributes)
    said = {"name": span.name, "kind": KINDS.get(span.kind, ""), "parent_span_id": span.parent_span_id.hex()}
    for key, text in said.items():
        if text:
            record.body.kvlist_value.values.add(key=key).value.string_value = text
