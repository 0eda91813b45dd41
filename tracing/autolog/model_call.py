"""One call of a model: its span, from the request to the end of the answer, however that comes about."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextvars import Token
from typing import Any, Protocol

from opentelemetry import context as otel
from opentelemetry import trace as otel_trace
from opentelemetry.trace import SpanKind, Status, StatusCode

from assay import semconv
from assay.tracing import runtime
from assay.tracing.otel_context import attach, current, detach
from assay.tracing.span import fail
from assay.tracing.tell import harmless, our_fault

_MODEL_CALL = otel.create_key("assay-model-call")


def model_call_context(span: otel_trace.Span, context: otel.Context | None = None) -> otel.Context:
    """`context` (the current one, if None) with `span` current in it, marked as the span of a model call.

    For an autologger of a layer that calls other libraries, as LangChain's and LiteLLM's do: while this context is
    attached, the autologgers below find `inside_model_call()` and make no second span of the same call.
    """
    return otel.set_value(_MODEL_CALL, span, otel_trace.set_span_in_context(span, context))


def inside_model_call() -> bool:
    """Does an outer layer's autologger record this very call already? Then tokens and cost are on its span.

    Only directly below that span, and only while it is open: a span in between (a tool, a step of an agent) means that
    the call here is another one, and a context that stays attached after the call hides nothing.
    """
    span = otel.get_value(_MODEL_CALL)
    return isinstance(span, otel_trace.Span) and span.is_recording() and otel_trace.get_current_span() is span


class StreamReader(Protocol):
    """Reads an answer that comes in pieces. `add` sees each piece once, in order; it may not keep the application's
    objects nor change them. `attributes` says what came so far; `error` is set when a piece told of a failure.
    """

    def add(self, chunk: Any) -> None: ...

    def attributes(self) -> dict[str, Any]: ...

    @property
    def error(self) -> str | None: ...


class ModelCall:
    """The span of one call. `finish` may be called from several sides and threads; the first counts. Never raises.

    Args:
        content: whether requests and answers are recorded, or only names and counts.
        start_time: nanoseconds since the epoch, of a call that turns out to be one only when it is over.
    """

    def __init__(
        self, name: str, attributes: Mapping[str, Any], *, content: bool, start_time: int | None = None
    ) -> None:
        self.content = content
        self._started = time.perf_counter()
        self._open = [True]  # emptied by whoever finishes first: `pop` is atomic, and needs no lock in a finaliser
        self._first_chunk_seen = False
        tracer = runtime.start().tracer
        self.span = tracer.start_span(
            name, current(), kind=SpanKind.CLIENT, attributes=attributes, start_time=start_time
        )

    def enter(self) -> Token[Any]:
        """Make the span current while the request is under way: an HTTP client's own span lands below it."""
        return attach(model_call_context(self.span))

    def leave(self, token: Token[Any]) -> None:
        detach(token)

    def first_chunk(self) -> None:
        if not self._first_chunk_seen:
            self._first_chunk_seen = True
            waited = time.perf_counter() - self._started
            self.span.set_attribute(semconv.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK, waited)

    @harmless("ending a model call")
    def finish(
        self,
        attributes: Mapping[str, Any] | None = None,
        error: BaseException | str | None = None,
        end_time: int | None = None,
    ) -> None:
        """End the span. A stream that the application breaks off (GeneratorExit) has not failed.

        Args:
            end_time: nanoseconds since the epoch, when the call ended before anybody noticed.
        """
        try:
            self._open.pop()
        except IndexError:
            return
        try:
            if attributes:
                self.span.set_attributes(dict(attributes))
            if isinstance(error, str):
                self.span.set_status(Status(StatusCode.ERROR, error))
            elif error is not None and not isinstance(error, GeneratorExit):
                self.span.set_attributes(error_attributes(error))
                fail(self.span, error)
        except Exception:
            our_fault("recording a model call")
        finally:
            self.span.end(end_time)


def error_attributes(error: BaseException) -> dict[str, Any]:
    """What the error of an API client says besides its message: HTTP status, the server's code and type."""
    found: dict[str, Any] = {}
    if isinstance(status := getattr(error, "status_code", None), int):
        found[semconv.HTTP_RESPONSE_STATUS_CODE] = status
    for name, attribute in (("code", semconv.ASSAY_ERROR_CODE), ("type", semconv.ASSAY_ERROR_TYPE)):
        if isinstance(value := getattr(error, name, None), str) and value:
            found[attribute] = value
    return found
