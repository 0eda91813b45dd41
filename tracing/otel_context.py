"""Entering and leaving an OpenTelemetry context, harmless even where it is left elsewhere than it was entered."""

from __future__ import annotations

import contextlib
from contextvars import Token
from typing import Any

from opentelemetry import context as otel
from opentelemetry import trace as otel_trace
from opentelemetry.trace.propagation import _SPAN_KEY

_of_process = otel.Context()


def set_process_context(context: otel.Context) -> None:
    """What holds wherever no span is current: the parent that this process was started with, by another one."""
    global _of_process
    _of_process = context


def current() -> otel.Context:
    """The current context; where it has no span, with the parent of the whole process."""
    context = otel.get_current()
    return context if not _of_process or _SPAN_KEY in context else otel.Context({**_of_process, **context})


def attach(context: otel.Context) -> Token[Any]:
    """Make `context` the current one; the token leads back."""
    return otel.attach(context)


def detach(token: Token[Any]) -> None:
    """Go back to the context before `attach`.

    An async generator that is dropped is finished by the event loop, in a task of its own. The context it entered is
    not current there, so there is nothing to go back from; `opentelemetry.context.detach` would log a traceback.
    """
    if not isinstance(token, Token):  # a runtime context chosen with OTEL_PYTHON_CONTEXT
        otel.detach(token)
        return
    with contextlib.suppress(ValueError):
        token.var.reset(token)


def leave_span(span: otel_trace.Span, token: Token[Any], *, in_order: bool) -> None:
    """Go back to the context before `span` was made current by `attach`, which gave `token`.

    Spans of `with` blocks may be left out of order: a generator that is suspended in one leaves it when it ends, in
    whatever thread, task or span its consumer is in by then. What is current there stays. And who goes back later to a
    span that has ended meanwhile goes on to what was before that.

    Args:
        in_order: the span is that of a call, and whatever was entered in it and not left is of no account.
    """
    if not isinstance(token, Token):
        otel.detach(token)
        return
    variable, before = token.var, token.old_value
    if before is Token.MISSING:
        before = otel.Context()
    span._assay_before = before  # type: ignore[attr-defined]
    ours = variable.get().get(_SPAN_KEY) is span
    if not ours and not in_order:
        return
    try:
        variable.reset(token)
    except ValueError:  # in another task or thread
        if not ours:
            return
        variable.set(before)
    if getattr(before.get(_SPAN_KEY), "_assay_before", None) is not None:
        variable.set(_still_open(before))


def _still_open(context: otel.Context) -> otel.Context:
    while (before := getattr(context.get(_SPAN_KEY), "_assay_before", None)) is not None:
        context = before
    return context


def suppressed() -> bool:
    """Has somebody asked for no instrumentation here? Another layer traces the call already, or we are exporting."""
    return bool(otel.get_value(otel._SUPPRESS_INSTRUMENTATION_KEY))


def without_instrumentation() -> otel.Context:
    """The current context, with instrumentation off: for our own requests, which nobody wants to see traced."""
    context = otel.set_value(otel._SUPPRESS_INSTRUMENTATION_KEY, True)
    context = otel.set_value("suppress_instrumentation", True, context)
    return otel.set_value(otel._SUPPRESS_HTTP_INSTRUMENTATION_KEY, True, context)
