"""Why a span has no parent, or one that nobody knows: noted where it starts, put in words where it is looked for."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from opentelemetry import context as otel
from opentelemetry.trace.propagation import _SPAN_KEY

from assay import semconv

# In a context that came from outside of this process: how. One of the keys of PARENTS_ELSEWHERE.
CAME_BY = otel.create_key("assay-came-by")

PARENTS_ELSEWHERE: Mapping[str, str] = {
    "headers": "Its parent is in another service, which sent `traceparent` with a request: that one sends its spans "
    "elsewhere, to another project, samples them out, or has not ended its span yet.",
    "environment": "Its parent is in the process that started this one and set TRACEPARENT: that one sends its spans "
    "elsewhere, or has not ended its span yet.",
    "process": "Its parent is in the process that handed the work to this one: that one has not ended its span yet, or "
    "was killed before it could send it.",
}
LOST_HERE = (
    "Its parent was opened in the same process and has not arrived: it is still open, the process was killed, or the "
    "queue was full (the program's log says how many spans were dropped)."
)
BEGAN_IN_A_THREAD = (
    "It began in the thread {thread!r} with no span current there. If that should have been the caller's: the thread "
    "was started before the caller's span, or by code that Assay does not follow. Hand the context over with "
    "`contextvars.copy_context().run(...)`."
)


def where_it_began(context: otel.Context) -> dict[str, Any]:
    """Attributes of a span that is the first of its trace in this process: what explains it, should it be alone."""
    parent: Any = context.get(_SPAN_KEY)
    if parent is not None and parent.get_span_context().is_valid:
        return {semconv.ASSAY_PARENT_CAME_BY: came_by} if (came_by := context.get(CAME_BY)) else {}
    if parent is not None or threading.get_ident() == threading.main_thread().ident:
        return {}
    return {semconv.ASSAY_ROOT_THREAD: threading.current_thread().name}


def likely_cause(attributes: Mapping[str, Any], *, has_parent: bool = True) -> str | None:
    """Why the parent of a span is not there; or, of one that names none, why it may have none. None: nothing odd.

    Args:
        attributes: of the span, as they were recorded.
        has_parent: the span names a parent (which the collector does not have).
    """
    if has_parent:
        return PARENTS_ELSEWHERE.get(str(attributes.get(semconv.ASSAY_PARENT_CAME_BY)), LOST_HERE)
    thread = attributes.get(semconv.ASSAY_ROOT_THREAD)
    return None if thread is None else BEGAN_IN_A_THREAD.format(thread=thread)
