"""How the spans of one decorated function are opened, filled and closed. Nothing here raises."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import Token
from dataclasses import dataclass
from time import time_ns
from typing import TYPE_CHECKING, Any

from opentelemetry import context as otel
from opentelemetry import trace as otel_trace

from assay.tracing.arguments import Bind
from assay.tracing.kinds import argument_attributes, output_attributes
from assay.tracing.own_attributes import set_own
from assay.tracing.serialise import describe_error
from assay.tracing.span import close_span, end_span, open_span
from assay.tracing.tell import our_fault, say_once

if TYPE_CHECKING:
    from assay.tracing.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the spans of one function are made. `bind` gives the arguments by name; None: they are not recorded."""

    name: str
    kind: str | None
    attributes: Mapping[str, Any]
    bind: Bind | None
    capture_output: bool
    reduce: Callable[[list[Any]], Any] | None

    def open(
        self, running: Runtime, args: tuple[Any, ...], kwargs: dict[str, Any], context: otel.Context | None = None
    ) -> tuple[otel_trace.Span, Token[Any] | None]:
        """Open the span of a call, with its arguments. Before the call: the function may change them."""
        span, token = open_span(self.name, self.attributes, context)
        # Most may not be recorded: what they would have held is not worked out.
        if self.bind is not None and running.capture_content and span.is_recording():
            try:
                set_own(span, argument_attributes(self.kind, self.bind(args, kwargs)))
            except Exception:
                our_fault("recording arguments")
        return span, token

    def close(self, running: Runtime, span: otel_trace.Span, token: Token[Any] | None, result: Any) -> None:
        ended = time_ns()  # what it takes to record the result is not the function's time
        self.record_output(running, span, result)
        close_span(span, token, in_order=True, end_time=ended)

    def close_failed(self, span: otel_trace.Span, token: Token[Any] | None, error: BaseException) -> None:
        close_span(span, token, error, in_order=True)

    def record_output(self, running: Runtime, span: otel_trace.Span, value: Any) -> None:
        if not self.capture_output or not running.capture_content or not span.is_recording():
            return
        try:
            set_own(span, output_attributes(self.kind, value))
        except Exception:
            our_fault("recording a result")

    def end_stream(
        self, running: Runtime, span: otel_trace.Span, items: list[Any], error: BaseException | None
    ) -> None:
        """End a span that is not current, of a function whose result came piece by piece."""
        ended = time_ns()
        if items:
            self.record_output(running, span, self._reduced(items))
        end_span(span, error, ended)

    def _reduced(self, items: list[Any]) -> Any:
        """What a stream comes to: `reduce` of its items, else its texts joined, else the items."""
        if self.reduce is not None:
            try:
                return self.reduce(items)
            except Exception as error:  # the user's function, but nobody's call
                say_once(
                    f"reduce {self.name}",
                    "The reduce= of @assay.trace on %s failed, so its items are recorded: %s",
                    self.name,
                    describe_error(error),
                )
        elif all(type(item) is str for item in items):
            return "".join(items)
        return items
