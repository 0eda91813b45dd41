"""Calls back at a time, from one thread for all limiters: waiters sit in threads and in event loops of all sorts, and
none of those may be busy, or gone, when the others' turn comes.
"""

from __future__ import annotations

import heapq
import itertools
import os
import threading
import time
from collections.abc import Callable
from typing import Protocol

IDLE_S = 5.0  # without anything to do for so long, the thread ends


class Alarm(Protocol):
    def at(self, when: float, callback: Callable[[], None]) -> None:
        """Call `callback` at `when` (of the limiter's clock) or soon after, in any thread."""


class ThreadAlarm:
    """An alarm on the monotonic clock, kept by a daemon thread that is there while somebody waits."""

    def __init__(self) -> None:
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget everything, as a forked child must: the thread, and those who wait, are its parent's."""
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._running = False

    def at(self, when: float, callback: Callable[[], None]) -> None:
        with self._changed:
            heapq.heappush(self._due, (when, next(self._numbers), callback))
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name="assay-rates", daemon=True).start()
            self._changed.notify()

    def _run(self) -> None:
        while (callback := self._next()) is not None:
            callback()

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            while True:
                now = time.monotonic()
                if self._due and self._due[0][0] <= now:
                    return heapq.heappop(self._due)[2]
                told = self._changed.wait(self._due[0][0] - now if self._due else IDLE_S)
                if not told and not self._due:
                    self._running = False
                    return None


shared_alarm = ThreadAlarm()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=shared_alarm.begin_anew)
