"""One background thread for everything that is asked again later. It is woken without a lock and survives a fork."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import queue
import threading
import weakref
from collections.abc import Callable

from assay.tracing.otel_context import attach, without_instrumentation

logger = logging.getLogger("assay.prompts")

AFTER_A_FAULT_S = 5.0


class Background:
    """Calls `work` on a daemon thread: when it is woken, and after as many seconds as `work` has returned (None: not
    before it is woken).

    `wake` never waits, takes no lock, and may be called from a signal handler or a finaliser. The thread is started by
    the first call, and again by the first one in the child of a fork.
    """

    def __init__(self, work: Callable[[], float | None], name: str = "assay-prompts") -> None:
        self._work = work
        self._name = name
        self._is_over = False
        self._fresh()
        _all.add(self)

    def _fresh(self) -> None:
        self._wakes: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._awake = False
        self._thread: threading.Thread | None = None
        self._starting = False

    def wake(self) -> None:
        """Have `work` called soon."""
        if self._is_over:
            return
        if not self._awake:
            self._awake = True
            self._wakes.put(None)
        if self._thread is None and not self._starting:
            self._starting = True  # a plain flag: a signal handler may come here while the thread below is made
            thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the interpreter is ending: nothing will be asked again
                return
            self._thread = thread
            # Registered after what the first request has started, so it comes first: no request may start a collector
            # in this process again that has just been stopped.
            atexit.register(self.end)

    def end(self) -> None:
        """Call `work` no more: the program ends."""
        self._is_over = True

    def _run(self) -> None:
        attach(without_instrumentation())
        wakes = self._wakes
        delay_s: float | None = None
        while True:
            with contextlib.suppress(queue.Empty):
                wakes.get(timeout=delay_s)
            self._awake = False
            if self._is_over:
                return
            try:
                delay_s = self._work()
            except Exception:
                logger.exception("A fault of Assay's while prompts were refreshed. Prompts are served as before.")
                delay_s = AFTER_A_FAULT_S


_all: weakref.WeakSet[Background] = weakref.WeakSet()


def _after_fork() -> None:
    """A forked child has none of its parent's threads."""
    for each in list(_all):
        each._fresh()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
