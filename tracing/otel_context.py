"""Entering and leaving an OpenTelemetry context, harmless even where it is left in another task than it was entered."""

from __future__ import annotations

import contextlib
from contextvars import Token
from typing import Any

from opentelemetry import context as otel


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


def suppressed() -> bool:
    """Has somebody asked for no instrumentation here? Another layer traces the call already, or we are exporting."""
    return bool(otel.get_value(otel._SUPPRESS_INSTRUMENTATION_KEY))


def without_instrumentation() -> otel.Context:
    """The current context, with instrumentation off: for our own requests, which nobody wants to see traced."""
    context = otel.set_value(otel._SUPPRESS_INSTRUMENTATION_KEY, True)
    context = otel.set_value("suppress_instrumentation", True, context)
    return otel.set_value(otel._SUPPRESS_HTTP_INSTRUMENTATION_KEY, True, context)
