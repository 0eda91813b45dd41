"""Runs of LangChain as spans: which span is above which, and which is current while a run's code is at work.

LangChain tells each run's id and its parent's. Two sorts of runs differ in how their span becomes current:

- Chains, tools and nodes of graphs run their code in a context that LangChain makes for them, and ours is put into that
  one (`langchain_context.py`). It is gone with it, so nothing has to be taken back.
- Models and retrievers, the leaves, run in their caller's context. There the span is attached when the run starts. When
  it is over, or hands out its first piece, that may be noticed in another task or thread, whose context is a copy. So
  what was attached is an object of our own, which is turned back into what was there before: in every copy at once.
"""

from __future__ import annotations

import asyncio
import time
import weakref
from collections.abc import Mapping
from contextvars import Token
from typing import Any

from opentelemetry import context as otel
from opentelemetry import trace as otel_trace
from opentelemetry.trace import Status, StatusCode

from assay import semconv
from assay.tracing.autolog.model_call import error_attributes
from assay.tracing.otel_context import attach, detach
from assay.tracing.span import fail
from assay.tracing.tell import our_fault

_BUBBLES = frozenset({"GraphBubbleUp"})  # how LangGraph leaves a node to wait or to go elsewhere; nothing failed
_READ_EVENTS = "_astream_events_implementation_v2.<locals>.consume_astream"


class Run:
    """One run, open until `Runs.end`. `span` is None for a run that is hidden: its children hang below its parent."""

    __slots__ = (
        "__weakref__",
        "_attached",
        "_dropped",
        "before",
        "cancelled",
        "context",
        "facts",
        "first_chunk_seen",
        "id",
        "kind",
        "leaf",
        "parent",
        "span",
        "started",
        "task",
    )

    def __init__(self, run_id: str, parent: Run | None, span: otel_trace.Span | None, before: otel.Context) -> None:
        self.id = run_id
        self.parent = parent
        self.span = span
        self.before = before
        self.context = before
        self.kind = ""
        self.leaf = False
        self.facts: dict[str, Any] = {}  # what the handler wants to remember until the end
        # runs below that were cancelled, with their attributes, errors and times of their ends
        self.cancelled: list[tuple[Run, Mapping[str, Any] | None, BaseException | None, int]] = []
        self.first_chunk_seen = False
        self.started = time.perf_counter()
        self.task = _current_task()
        self._attached: Token[Any] | None = None
        self._dropped: weakref.ref[Any] | None = None

    def attach(self) -> None:
        self._attached = attach(self.context)

    def leave(self) -> None:
        """Make the span current no more, in whichever contexts it was copied to."""
        token, self._attached = self._attached, None
        if token is None:
            return
        context = self.context
        if otel.get_current() is context:
            detach(token)
        for key in list(context):
            if key in self.before:
                dict.__setitem__(context, key, self.before[key])
            else:
                dict.pop(context, key, None)

    def first_chunk(self) -> None:
        """The first piece of a stream has come. From now on the reader is at work between the pieces."""
        if self.first_chunk_seen:
            return
        self.first_chunk_seen = True
        self.leave()
        if self.span is not None:
            self.span.set_attribute(semconv.GEN_AI_REQUEST_STREAM, True)
            waited = time.perf_counter() - self.started
            self.span.set_attribute(semconv.GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK, waited)


def close(
    run: Run,
    attributes: Mapping[str, Any] | None,
    error: BaseException | None,
    *,
    lost: bool = False,
    end_time: int | None = None,
) -> None:
    """End a run's span, and those below that were cancelled: by a reader who had seen enough, or because of a failure.

    LangGraph cancels the nodes at work when its stream is closed early. That is known only when the graph ends.
    """
    for below, said, cancelled, ended in run.cancelled:
        close(below, said, error if isinstance(error, GeneratorExit) else cancelled, end_time=ended)
    run.leave()
    span = run.span
    if span is None:
        return
    try:
        if attributes:
            span.set_attributes(dict(attributes))
        if error is not None and failed(run, error):
            span.set_attributes(error_attributes(error))
            fail(span, error)
        elif lost and run.leaf:
            span.set_attribute(semconv.ERROR_TYPE, "asyncio.exceptions.CancelledError")
            span.set_status(Status(StatusCode.ERROR, "The call was broken off before it had an answer."))
    except Exception:
        our_fault("ending a run")
    finally:
        span.end(end_time)


def bubbles(error: BaseException) -> bool:
    """Is this LangGraph's way to leave a node, to wait for somebody or to go on elsewhere?"""
    return any(each.__name__ in _BUBBLES for each in type(error).__mro__)


def failed(run: Run, error: BaseException) -> bool:
    """Breaking a stream off is no failure, and neither is a node's way to wait and to jump."""
    if isinstance(error, GeneratorExit) or bubbles(error):
        return False
    return not (isinstance(error, asyncio.CancelledError) and _reader_left(run))


def _reader_left(run: Run | None) -> bool:
    """Has whoever read `astream_events` stopped? LangChain runs it in a task and cancels that once, for this only."""
    while run is not None:
        task = run.task() if run.task is not None else None
        if task is not None and getattr(task.get_coro(), "__qualname__", "") == _READ_EVENTS and task.cancelling() == 1:
            return True
        run = run.parent
    return False


def _current_task() -> weakref.ref[asyncio.Task[Any]] | None:
    try:
        task = asyncio.current_task()
    except RuntimeError:  # no event loop in this thread
        return None
    return weakref.ref(task) if task is not None else None
