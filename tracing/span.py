"""`start_span` and the span in the user's hands: a thin hull around OpenTelemetry's, harmless where there is none."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Mapping
from contextvars import Token
from types import TracebackType
from typing import Any, Literal

from opentelemetry import context as otel
from opentelemetry import trace as otel_trace
from opentelemetry.trace import Status, StatusCode
from opentelemetry.trace.propagation import _SPAN_KEY

from assay import semconv
from assay.errors import ConfigurationError
from assay.tracing import runtime
from assay.tracing.inherited import merged_tags
from assay.tracing.kinds import (
    KINDS,
    attribute_value,
    input_attributes,
    known_kind,
    output_attributes,
    start_attributes,
)
from assay.tracing.orphans import where_it_began
from assay.tracing.otel_context import current, leave_span
from assay.tracing.serialise import error_message, error_type, plain, to_json, to_text
from assay.tracing.tell import our_fault

MAX_FRAMES = 50  # of a stack trace, the innermost: an exception may pass through many spans, and each records it
_NO_SPAN_HERE = (type(None), otel_trace.NonRecordingSpan)
_STATUS = {"ok": StatusCode.OK, "error": StatusCode.ERROR, "unset": StatusCode.UNSET}


class Span:
    """A span: what `start_span` yields and `current_span` returns.

    Where nothing is traced every method does nothing, and the ids are None; a program need not ask first.
    """

    __slots__ = ("_kind", "_otel")

    def __init__(self, otel_span: otel_trace.Span, kind: str | None = None) -> None:
        self._otel = otel_span
        self._kind = kind

    @property
    def trace_id(self) -> str | None:
        """32 hexadecimal digits."""
        context = self._otel.get_span_context()
        return f"{context.trace_id:032x}" if context.is_valid else None

    @property
    def span_id(self) -> str | None:
        """16 hexadecimal digits."""
        context = self._otel.get_span_context()
        return f"{context.span_id:016x}" if context.is_valid else None

    @property
    def is_recording(self) -> bool:
        return self._otel.is_recording()

    def set_inputs(self, value: Any) -> None:
        """What goes in. Not recorded where content is off."""
        try:
            self._set_content(input_attributes, value)
        except Exception:
            our_fault("recording a value")

    def set_outputs(self, value: Any) -> None:
        """What comes out; for a retriever, its documents. Not recorded where content is off."""
        try:
            self._set_content(output_attributes, value)
        except Exception:
            our_fault("recording a value")

    def _set_content(self, attributes: Any, value: Any) -> None:
        if self._otel.is_recording() and runtime.start().capture_content:
            self._otel.set_attributes(attributes(self._kind, value))

    def set_attribute(self, name: str, value: Any) -> None:
        """Set one attribute; a value that OpenTelemetry has no type for becomes JSON text."""
        try:
            if self._otel.is_recording():
                self._otel.set_attribute(name, attribute_value(value))
        except Exception:
            our_fault("setting an attribute")

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        for name, value in attributes.items():
            self.set_attribute(name, value)

    def add_event(self, name: str, attributes: Mapping[str, Any] | None = None) -> None:
        try:
            if self._otel.is_recording():
                self._otel.add_event(name, {key: attribute_value(value) for key, value in (attributes or {}).items()})
        except Exception:
            our_fault("adding an event")

    def record_exception(self, error: BaseException) -> None:
        """Record an exception and mark the span as failed."""
        try:
            fail(self._otel, error)
        except Exception:
            our_fault("recording an exception")

    def set_status(self, status: Literal["ok", "error", "unset"], message: str | None = None) -> None:
        if self._otel.is_recording():
            code = _STATUS[status]
            self._otel.set_status(Status(code, message if code is StatusCode.ERROR else None))

    def update_name(self, name: str) -> None:
        if self._otel.is_recording():
            self._otel.update_name(name)

    def __repr__(self) -> str:
        return f"<assay.Span {self.span_id} of trace {self.trace_id}>"


class start_span:
    """Open a span below the current one, for the length of a `with` block.

        with assay.start_span("search", kind="retriever") as span:
            docs = search(question)
            span.set_outputs(docs)

    An exception that leaves the block is recorded, and goes on. Works in coroutines too.

    Args:
        kind: what the span does: llm, agent, tool, retriever, reranker, embedding, chain, guardrail, evaluator, prompt,
            task.
        attributes: more attributes, from the start.

    Raises:
        ConfigurationError: there is no such kind.
    """

    __slots__ = ("_attributes", "_kind", "_name", "_span", "_token")

    def __init__(
        self,
        name: str,
        kind: str | None = None,
        attributes: Mapping[str, Any] | None = None,
        *,
        span_type: str | None = None,
    ) -> None:
        self._name = name
        try:
            self._kind = known_kind(kind if kind is not None else span_type)
        except ConfigurationError:
            raise
        except Exception:
            our_fault("opening a span")
            self._kind = None
        self._attributes = attributes
        self._span: otel_trace.Span = otel_trace.INVALID_SPAN
        self._token: Token[Any] | None = None

    def __enter__(self) -> Span:
        try:
            given = {name: attribute_value(value) for name, value in (self._attributes or {}).items()}
            self._span, self._token = open_span(self._name, start_attributes(self._kind, self._name, given))
        except Exception:
            our_fault("opening a span")
        return Span(self._span, self._kind)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            close_span(self._span, self._token, error)
        except Exception:
            our_fault("closing a span")


def open_span(
    name: str, attributes: Mapping[str, Any] | None, context: otel.Context | None = None
) -> tuple[otel_trace.Span, Token[Any] | None]:
    """Start a span and make it current. Never raises; a token of None means that nothing was made current."""
    try:
        running = runtime.active or runtime.start()
        if not running.enabled:
            return otel_trace.INVALID_SPAN, None
        before = current() if context is None else context
        if type(before.get(_SPAN_KEY)) in _NO_SPAN_HERE and (began := where_it_began(before)):
            attributes = {**began, **(attributes or {})}
        span = running.tracer.start_span(name, before, attributes=attributes)
        return span, otel.attach(otel.Context({**before, _SPAN_KEY: span}))
    except Exception:
        our_fault("opening a span")
        return otel_trace.INVALID_SPAN, None


def close_span(
    span: otel_trace.Span,
    token: Token[Any] | None,
    error: BaseException | None = None,
    *,
    in_order: bool = False,
    end_time: int | None = None,
) -> None:
    """Leave a span that `open_span` opened, and end it. Never raises.

    Args:
        in_order: it is the span of a call; see `leave_span`.
        end_time: nanoseconds since the epoch; now, if None.
    """
    if token is None:
        return
    try:
        leave_span(span, token, in_order=in_order)
    except Exception:
        our_fault("leaving a span")
    end_span(span, error, end_time)


def end_span(span: otel_trace.Span, error: BaseException | None = None, end_time: int | None = None) -> None:
    """End a span that is not current. Never raises."""
    try:
        if error is not None and not is_no_failure(error):
            fail(span, error)
        span.end(end_time)
    except Exception:
        our_fault("ending a span")


def is_no_failure(error: BaseException) -> bool:
    """What is raised to say "that was all": by iterators, by who closes a generator, by a program that ends well."""
    if isinstance(error, SystemExit):
        return error.code in (None, 0)
    return isinstance(error, (GeneratorExit, StopIteration, StopAsyncIteration))


def fail(span: otel_trace.Span, error: BaseException) -> None:
    """Record `error` on the span, the way every reader understands: event, `error.type`, status. Never raises."""
    try:
        if not span.is_recording():
            return
        name, message = error_type(error), error_message(error)
        span.set_attribute(semconv.ERROR_TYPE, name)
        span.set_status(Status(StatusCode.ERROR, f"{name}: {message}" if message else name))
        span.add_event("exception", _exception_attributes(error, name, message))
    except Exception:
        our_fault("recording an exception")


def _exception_attributes(error: BaseException, name: str, message: str) -> dict[str, str]:
    """As `Span.record_exception` makes them, which fails where the exception's own `__str__` does."""
    try:
        stacktrace = "".join(traceback.format_exception(error, limit=-MAX_FRAMES))
    except Exception:  # of the user's: a `__notes__` or a frame that cannot be shown
        stacktrace = ""
    return {
        semconv.EXCEPTION_TYPE: name,
        semconv.EXCEPTION_MESSAGE: message,
        semconv.EXCEPTION_STACKTRACE: to_text(stacktrace)[0],
        semconv.EXCEPTION_ESCAPED: "True",
    }


def current_span() -> Span:
    """The span that is open here. Outside of any it is one that does nothing, so the result can always be used."""
    span = otel_trace.get_current_span()
    try:
        return Span(span, _kind_of(span))
    except Exception:
        our_fault("looking at the current span")
        return Span(span)


def current_trace_id() -> str | None:
    """The id of the trace that is open here: 32 hexadecimal digits, None outside of any."""
    context = otel_trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else None


def update_trace(
    *,
    name: str | None = None,
    session_id: str | None = None,
    user_id: str | None = None,
    tags: Iterable[str] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Say more about the current trace, from any span in it. Tags are added, metadata is merged.

    What is said lands on the outermost span of the trace in this process while it is open, else on the current span.
    Outside of a trace nothing happens.
    """
    try:
        current: Any = otel_trace.get_current_span()
        root: Any = getattr(current, "_assay_root", current)
        span = root if root.is_recording() else current
        if span.is_recording():
            _say_more(span, name=name, session_id=session_id, user_id=user_id, tags=tags, metadata=metadata)
    except Exception:
        our_fault("updating a trace")


def _say_more(span: Any, **said: Any) -> None:
    before = span.attributes
    if said["name"] is not None:
        span.update_name(str(said["name"]))
        span.set_attribute(semconv.ASSAY_TRACE_NAME, str(said["name"]))
    if said["session_id"] is not None:
        span.set_attribute(semconv.SESSION_ID, str(said["session_id"]))
    if said["user_id"] is not None:
        span.set_attribute(semconv.USER_ID, str(said["user_id"]))
    if said["tags"]:
        span.set_attribute(semconv.TAG_TAGS, merged_tags(before.get(semconv.TAG_TAGS) or (), said["tags"]))
    if said["metadata"]:
        known = getattr(span, "_assay_metadata", None) or _parsed(before.get(semconv.METADATA))
        span._assay_metadata = {**known, **plain(dict(said["metadata"]))}
        span.set_attribute(semconv.METADATA, to_json(span._assay_metadata))


def _parsed(text: Any) -> dict[str, Any]:
    import json

    value = json.loads(text) if isinstance(text, str) else {}
    return value if isinstance(value, dict) else {}


def _kind_of(span: Any) -> str | None:
    attributes = getattr(span, "attributes", None) or {}
    if kind := attributes.get(semconv.ASSAY_SPAN_KIND):
        return str(kind)
    lowered = str(attributes.get(semconv.OPENINFERENCE_SPAN_KIND, "")).lower()
    return lowered if lowered in KINDS else None
