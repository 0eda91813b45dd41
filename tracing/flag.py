"""A flag that threads wait for, and that a signal handler may use wherever it has interrupted its thread."""

from __future__ import annotations

import contextlib
import threading


class Flag:
    """As `threading.Event`, without a lock that Python code holds.

    An Event holds one in the first and last steps of `wait` and in `set`. Where SIGTERM comes just then, and its
    handler waits for the thread that is to set the flag, that thread waits for the lock, and both for ever.
    """

    def __init__(self) -> None:
        self._is_set = False
        self._gate = threading.Lock()  # shut until the flag is set
        self._gate.acquire()

    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        self._is_set = True
        self._open()

    def wait(self, timeout_s: float) -> bool:
        """Wait until the flag is set, or for so long. Whether it is."""
        if not self._is_set and self._gate.acquire(timeout=max(timeout_s, 0.0)):
            self._open()  # for whoever else waits
        return self._is_set

    def _open(self) -> None:
        with contextlib.suppress(RuntimeError):  # it is open
            self._gate.release()
