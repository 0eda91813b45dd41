"""Keeps a fork from happening while a thread of ours imports modules or starts a collector.

A forked child has only the thread that forked. Whatever lock another thread held at that moment, an import lock above
all, stays locked in the child for ever, and the program hangs there. So a fork waits until we are done, within a bound.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

LONGEST_WAIT_S = 15.0  # a fork that waits longer goes ahead: we must not stop a program

_busy = threading.RLock()
_waited = threading.local()


@contextmanager
def no_fork() -> Iterator[None]:
    """Hold back forks of this process while the block runs; for short work on background threads."""
    with _busy:
        yield


def _before_fork() -> None:
    _waited.acquired = _busy.acquire(timeout=LONGEST_WAIT_S)


def _after_in_parent() -> None:
    if _waited.acquired:
        _busy.release()


def _after_in_child() -> None:
    global _busy
    _busy = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
