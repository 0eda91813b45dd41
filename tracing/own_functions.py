"""Users' own redaction functions: run on a thread of their own, within a time, so that none can hold up the export."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Sequence

from assay.redaction import FAILED
from assay.tracing.otel_context import attach, without_instrumentation
from assay.tracing.tell import in_thread, say_once

TIMEOUT_S = 1.0  # for all texts of one span

Function = Callable[[str], str]


class _Job:
    """Texts to go through; `results` grows while the worker gets on."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self.results: list[str | None] = []  # None: the function failed
        self.done = threading.Event()


class OwnFunctions:
    """Applies functions one after the other. Fails closed: a text that a function fails on, gives no text for, or does
    not get to in time is replaced. Called from background threads of ours.
    """

    def __init__(self, functions: Sequence[Function], *, timeout_s: float = TIMEOUT_S) -> None:
        self._functions = tuple(functions)
        self._timeout_s = timeout_s
        self._fresh()

    def _fresh(self) -> None:
        self._pid = os.getpid()
        self._jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._busy: _Job | None = None
        self._thread: threading.Thread | None = None
        self._one_at_a_time = threading.Lock()

    def __call__(self, texts: Sequence[str]) -> list[str]:
        """What the functions make of the texts, one by one."""
        if self._pid != os.getpid():  # forked: worker and lock are the parent's
            self._fresh()
        with self._one_at_a_time:
            return self._within_time(_Job(texts)) if texts else []

    def _within_time(self, job: _Job) -> list[str]:
        texts = job.texts
        if self._ready():
            self._busy = job
            self._jobs.put(job)
            job.done.wait(self._timeout_s)
        done = job.results[:]
        if len(done) < len(texts):
            say_once(
                "slow redaction",
                "The function given as redact_with= takes more than %g s for one span; what it does not get to is "
                "replaced by %s.",
                self._timeout_s,
                FAILED,
            )
        return [FAILED if each is None else each for each in done] + [FAILED] * (len(texts) - len(done))

    def _ready(self) -> bool:
        """Whether there is a worker, and it is not still busy with what took too long."""
        if self._thread is None:
            thread = threading.Thread(
                target=in_thread(self._run, "redacting"), args=(self._jobs,), name="assay-redaction", daemon=True
            )
            try:
                thread.start()
            except RuntimeError:  # the interpreter is ending
                return False
            self._thread = thread
        return self._busy is None or self._busy.done.is_set()

    def _run(self, jobs: queue.SimpleQueue[_Job]) -> None:
        attach(without_instrumentation())
        while True:
            job = jobs.get()
            for text in job.texts:
                job.results.append(self._one(text))
            job.done.set()

    def _one(self, text: str) -> str | None:
        try:
            for function in self._functions:
                text = function(text)
                if not isinstance(text, str):
                    raise TypeError(f"it gave {type(text).__name__} instead of a text")
        except BaseException as error:  # whatever it raises, its thread goes on
            say_once(
                "failing redaction",
                "A function given as redact_with= failed (%s); the values are replaced by %s.",
                type(error).__name__,  # the message may hold what was to be redacted
                FAILED,
            )
            return None
        return text
