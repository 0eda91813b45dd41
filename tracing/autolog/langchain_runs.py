"""The runs of LangChain that are open: which span is above which, and which context a new one belongs in."""

from __future__ import annotations

import asyncio
import time
import weakref
from collections.abc import Mapping
from typing import Any

from opentelemetry import context as otel
from opentelemetry import trace as otel_trace
from opentelemetry.trace import SpanKind

from assay import semconv
from assay.tracing import runtime
from assay.tracing.autolog.langchain_run import Run, close
from assay.tracing.autolog.model_call import model_call_context
from assay.tracing.inherited import INHERITED, Inherited
from assay.tracing.tell import our_fault

_RUN = otel.create_key("assay-langchain-run")


class Runs:
    """The runs that are open in this process. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._open: dict[str, Run] = {}
        # Runs of models by the task that they were started in, which may be cancelled without a word from LangChain
        self._of_task: weakref.WeakKeyDictionary[asyncio.Task[Any], set[str]] = weakref.WeakKeyDictionary()

    def get(self, run_id: Any) -> Run | None:
        return self._open.get(str(run_id))

    def __len__(self) -> int:
        return len(self._open)

    def start(
        self,
        name: str,
        attributes: Mapping[str, Any],
        *,
        run_id: Any,
        parent_run_id: Any = None,
        kind: str = "chain",
        leaf: bool = False,
        hidden: bool = False,
        batch_size: int = 1,
        inherited: Mapping[str, Any] | None = None,
    ) -> Run:
        """Open the span of a run.

        Args:
            leaf: it runs in its caller's context: make the span current there.
            batch_size: how many runs of a model one call starts, one after the other.
            inherited: session, user, tags and metadata (plain values), for this run and all below it.
        """
        parent = self.get(parent_run_id) if parent_run_id is not None else None
        above, before = _context_above(parent, batch_size)
        told = _inheriting(above, inherited) if inherited else above
        span = None if hidden else _open_span(name, attributes, told, kind)
        run = Run(str(run_id), parent, span, before)
        run.kind, run.leaf = kind, leaf
        run.facts["batch_size"] = batch_size
        if leaf and inherited:  # tags and metadata of a model or a retriever are its own, and nobody's below
            told = _inheriting(above, {name: inherited.get(name) for name in ("session_id", "user_id")})
        run.context = _own_context(run, told)
        run._dropped = self._when_dropped(run_id, run)
        self._open[run.id] = run
        if leaf:
            run.attach()
            self._watch_task(run)
        return run

    def end(
        self, run_id: Any, attributes: Mapping[str, Any] | None = None, error: BaseException | None = None
    ) -> Run | None:
        """End a run's span; None where there is no such run (any more)."""
        run = self._open.pop(str(run_id), None)
        if run is None:
            return None
        if run.leaf and run.task is not None and (task := run.task()) is not None:
            self._of_task.get(task, set()).discard(run.id)
        if error is not None and not isinstance(error, Exception | GeneratorExit):
            self._end_below(run, error)
        top = self._top(run) if isinstance(error, asyncio.CancelledError) else None
        if top is None:
            close(run, attributes, error)
        else:
            run.leave()
            top.cancelled.append((run, attributes, error, time.time_ns()))
        return run

    def _top(self, run: Run) -> Run | None:
        """The outermost run above that is open. How it ends tells why one below was cancelled: see `_close`."""
        top = None
        while run.parent is not None:
            run = run.parent
            top = run if run.id in self._open else top
        return top

    def say(self, run: Run, inherited: Mapping[str, Any]) -> None:
        """More about a run that is open already: for it and those above that do not know yet, and all that follow."""
        each: Run | None = run
        while each is not None:
            told = _inheriting(each.context, inherited)
            if not each.leaf:  # a leaf's context is attached, and has to stay the object that it is
                each.context = _own_context(each, told)
            if (span := each.span) is not None and span.is_recording():
                own: Any = getattr(span, "attributes", None) or {}
                known: Any = told.get(INHERITED) or Inherited()
                span.set_attributes({name: value for name, value in known.attributes.items() if name not in own})
            each = each.parent

    def _end_below(self, run: Run, error: BaseException) -> None:
        """Cancellation and Ctrl-C: LangChain does not tell of the models and retrievers that they broke off."""
        for each in list(self._open.values()):
            if each.leaf and each.parent is run:
                self.end(each.id, error=error)

    def _watch_task(self, run: Run) -> None:
        """A model's run ends at the latest with its task, if that is cancelled: LangChain tells nobody."""
        task = run.task() if run.task is not None else None
        if task is None:
            return
        watched = self._of_task.get(task)
        if watched is None:
            self._of_task[task] = watched = set()
            task.add_done_callback(self._task_done)
        watched.add(run.id)

    def _task_done(self, task: asyncio.Task[Any]) -> None:
        try:
            left = self._of_task.pop(task, set())
            for run_id in left if task.cancelled() else ():
                self.end(run_id, error=asyncio.CancelledError())
        except Exception:
            our_fault("ending a cancelled run")

    def _when_dropped(self, run_id: Any, run: Run) -> weakref.ref[Any] | None:
        """A run whose id nobody holds any more will never be ended: its call was broken off, most likely cancelled."""
        key = run.id

        def dropped(_: Any) -> None:
            try:
                if (open_run := self._open.pop(key, None)) is not None:
                    close(open_run, None, None, lost=True)
            except Exception:
                our_fault("ending a run that was broken off")

        try:
            return weakref.ref(run_id, dropped)
        except TypeError:  # a run id of the user's that is no UUID
            return None


def current_run() -> Run | None:
    run = otel.get_value(_RUN)
    return run if isinstance(run, Run) else None


def _context_above(parent: Run | None, batch_size: int) -> tuple[otel.Context, otel.Context]:
    """The context that a new run belongs in, and the one to go back to after it.

    A run belongs in the current context, if that lies inside the parent's run: the user's own spans count there. Else,
    in threads and batches, in the parent's.
    """
    here = otel.get_current()
    inner = here.get(_RUN)
    if isinstance(inner, Run):
        if inner.leaf and batch_size > 1 and inner.facts.get("batch_size") == batch_size:
            here = inner.before  # the one before in the same batch is still attached
            inner = here.get(_RUN)
        if parent is None or inner is parent or (isinstance(inner, Run) and inner.leaf and inner.parent is parent):
            return here, here
    return (here if parent is None else parent.context), here


def _own_context(run: Run, before: otel.Context) -> otel.Context:
    """The context in which the code of `run` works. A new object each time: nobody else holds it."""
    context = before
    if run.span is not None:
        is_model = run.kind == "llm"
        context = model_call_context(run.span, before) if is_model else otel_trace.set_span_in_context(run.span, before)
    return otel.set_value(_RUN, run, context)


def _inheriting(context: otel.Context, told: Mapping[str, Any]) -> otel.Context:
    """`context` with what the run was told on top. A session or user that is known already stays."""
    known: Any = context.get(INHERITED) or Inherited()
    more = dict(told)
    for name, attribute in (("session_id", semconv.SESSION_ID), ("user_id", semconv.USER_ID)):
        if attribute in known.attributes:
            more.pop(name, None)
    if (metadata := more.get("metadata")) and all(known.metadata.get(key) == metadata[key] for key in metadata):
        more.pop("metadata")
    if (tags := more.get("tags")) and set(tags) <= set(known.attributes.get(semconv.TAG_TAGS, ())):
        more.pop("tags")
    if not any(more.values()):
        return context
    return otel.set_value(INHERITED, known.merged(**more), context)


def _open_span(name: str, attributes: Mapping[str, Any], context: otel.Context, kind: str) -> otel_trace.Span:
    span_kind = SpanKind.CLIENT if kind == "llm" else SpanKind.INTERNAL
    return runtime.start().tracer.start_span(name, context, kind=span_kind, attributes=dict(attributes))
