"""Stops work that takes too long: one thread that interrupts what is overdue."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LOOK_EVERY_S = 0.1


class Deadlines:
    """Safe to use from any thread. The thread starts with the first deadline, sleeps while there is none, and ends
    when everything that runs after `close` has ended.
    """

    def __init__(self) -> None:
        self._running: dict[object, tuple[float, Callable[[], object]]] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    @contextmanager
    def within(self, seconds: float, interrupt: Callable[[], object]) -> Iterator[None]:
        """Call `interrupt`, again and again, once the block has run for so long."""
        mark = object()
        with self._changed:
            self._running[mark] = (time.monotonic() + seconds, interrupt)
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="assay-deadlines", daemon=True)
                self._thread.start()
            self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                del self._running[mark]

    def interrupt_all(self) -> None:
        """Everything that runs is overdue from now on."""
        with self._changed:
            self._running = {mark: (0.0, interrupt) for mark, (_, interrupt) in self._running.items()}

    def close(self) -> None:
        """Nothing else is going to begin."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _watch(self) -> None:
        while self._interrupt_overdue():
            time.sleep(LOOK_EVERY_S)

    def _interrupt_overdue(self) -> bool:
        """Once; False when there is nothing more to watch."""
        # A function of its own: the thread lives long, and what its frame holds would not be let go.
        with self._changed:
            while not self._running:
                if self._closed:
                    return False
                self._changed.wait()
            now = time.monotonic()
            for deadline, interrupt in self._running.values():
                if deadline <= now:
                    interrupt()
            return True
