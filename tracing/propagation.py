"""The trace across processes: W3C headers of requests, variables of child processes, work handed to other processes.

`traceparent` and `tracestate` always travel. What `assay.context(...)` says travels as W3C baggage where the setting
`baggage` allows it, because headers go to whoever is called.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

from opentelemetry import baggage
from opentelemetry import context as otel
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.trace.propagation import _SPAN_KEY
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from assay import semconv
from assay.tracing.inherited import INHERITED, Inherited
from assay.tracing.orphans import CAME_BY
from assay.tracing.otel_context import attach, current, detach
from assay.tracing.processor import arm_of
from assay.tracing.tell import our_fault

VARIABLES = {"TRACEPARENT": "traceparent", "TRACESTATE": "tracestate", "BAGGAGE": "baggage"}
MAX_BAGGAGE_CHARS = 4_096  # of one value; W3C wants 8,192 bytes for all of it to arrive

_TRACE = TraceContextTextMapPropagator()
_BAGGAGE = W3CBaggagePropagator()


def trace_headers(headers: Mapping[str, str] | None = None) -> dict[str, str]:
    """`headers`, and those that make the receiver of a request continue the current trace. Never raises.

    Outside of a trace nothing is added.
    """
    merged = dict(headers or {})
    try:
        merged.update(carrier())
    except Exception:
        our_fault("making headers")
    return merged


def child_environment(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for a child process that is to continue the current trace: `subprocess.run(..., env=...)`.

    Args:
        environment: what else the child gets; this process's own, if None.
    """
    merged = dict(os.environ if environment is None else environment)
    try:
        carried = carrier()
        for variable, header in VARIABLES.items():
            merged.pop(variable, None)
            if header in carried:
                merged[variable] = carried[header]
    except Exception:
        our_fault("making an environment")
    return merged


@contextlib.contextmanager
def continue_trace(headers: Mapping[str, str]) -> Iterator[None]:
    """Spans inside belong to the trace that the headers of a request name; to a new one, if they name none.

    `assay.AsgiMiddleware` and `assay.WsgiMiddleware` do it for every request of a web application.
    """
    token = None
    try:
        token = attach(extracted(headers, "headers"))
    except Exception:
        our_fault("reading headers")
    try:
        yield
    finally:
        try:
            if token is not None:
                detach(token)
        except Exception:
            our_fault("leaving a trace")


def carrier() -> dict[str, str]:
    """What another process needs to go on here: W3C headers, in lower case."""
    context = current()
    carried: dict[str, str] = {}
    _TRACE.inject(carried, context)
    if _baggage_allowed():
        _BAGGAGE.inject(carried, with_baggage(context))
    return carried


def extracted(carried: Mapping[str, str], came_by: str) -> otel.Context:
    """The context that `carrier` was taken from, in another process; an empty one, if it makes no sense.

    Args:
        came_by: how; one of `orphans.PARENTS_ELSEWHERE`.
    """
    lowered = {str(name).lower(): value for name, value in carried.items()}
    context = _TRACE.extract(lowered, otel.Context())
    if _SPAN_KEY in context:
        context = otel.set_value(CAME_BY, came_by, context)
    if _baggage_allowed():
        context = with_inherited(_BAGGAGE.extract(lowered, context))
    return context


def process_context() -> otel.Context:
    """The parent that this process was started with: by TRACEPARENT and its like, or by `multiprocessing`."""
    try:
        handed_over = _of_multiprocessing()
        if handed_over is not None:
            return extracted(handed_over, "process")
        carried = {header: value for variable, header in VARIABLES.items() if (value := os.environ.get(variable))}
        return extracted(carried, "environment") if carried else otel.Context()
    except Exception:
        our_fault("reading TRACEPARENT")
        return otel.Context()


def _of_multiprocessing() -> Mapping[str, str] | None:
    import multiprocessing.process

    found = vars(multiprocessing.process.current_process()).get(CARRIED)
    return found if isinstance(found, dict) else None


CARRIED = "_assay_carried"  # on a `multiprocessing.Process`, with which it is pickled


# Baggage

_ARM = (semconv.ASSAY_AB_TEST, semconv.ASSAY_AB_ARM)
_NAMES = (semconv.SESSION_ID, semconv.USER_ID, semconv.TAG_TAGS, semconv.METADATA, *_ARM)


def _baggage_allowed() -> bool:
    from assay.errors import ConfigurationError
    from assay.settings import current_settings

    try:
        return current_settings().baggage
    except ConfigurationError:  # told by the runtime, which is off for it
        return False


def with_baggage(context: otel.Context) -> otel.Context:
    """`context`, with what its spans inherit as baggage, for any propagator to send."""
    inherited: Any = context.get(INHERITED)
    said = {**(inherited.attributes if inherited is not None else {}), **(arm_of(context.get(_SPAN_KEY)) or {})}
    for name in _NAMES if said else ():
        value = said.get(name)
        text = json.dumps(value) if isinstance(value, tuple) else value
        if isinstance(text, str) and len(text) <= MAX_BAGGAGE_CHARS:
            context = baggage.set_baggage(name, text, context)
    return context


def with_inherited(context: otel.Context) -> otel.Context:
    """`context`, with what its baggage says for spans to inherit."""
    said = {name: value for name, value in baggage.get_all(context).items() if isinstance(value, str)}
    inherited = Inherited().merged(
        session_id=said.get(semconv.SESSION_ID),
        user_id=said.get(semconv.USER_ID),
        tags=_parsed(said.get(semconv.TAG_TAGS), list),
        metadata=_parsed(said.get(semconv.METADATA), dict),
        attributes={name: said[name] for name in _ARM if name in said},
    )
    return otel.set_value(INHERITED, inherited, context) if inherited.attributes else context


def _parsed(text: str | None, kind: type) -> Any:
    try:
        value = json.loads(text) if text else None
    except ValueError:  # somebody else's baggage
        return None
    return value if isinstance(value, kind) else None


def inject_into(headers: MutableMapping[str, str]) -> None:
    """Add the headers of the current trace to those of a request, in place. Never raises."""
    try:
        for name, value in carrier().items():
            headers[name] = value
    except Exception:
        our_fault("making headers")
