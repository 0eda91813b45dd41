"""Calls whose answers are still being read: those that nobody reads on when the program ends are recorded as well."""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import weakref
from typing import Any, Protocol

from assay.tracing.tell import our_fault


class OpenCall(Protocol):
    def dropped(self) -> None:
        """Nobody reads on. May be called more than once, and from a finaliser."""


_open: weakref.WeakSet[Any] = weakref.WeakSet()
_registered = False


def opened(call: OpenCall) -> None:
    """Remember a call until it is dropped or the program ends."""
    global _registered
    _open.add(call)
    if not _registered:
        _registered = True
        # Registered when a call is open, so after the export's, and run before it: last in, first out.
        atexit.register(_end)
        if (register := getattr(threading, "_register_atexit", None)) is not None:
            with contextlib.suppress(RuntimeError):  # the main thread is done already
                register(_when_main_thread_is_done)


def closed(call: OpenCall) -> None:
    _open.discard(call)


def _when_main_thread_is_done() -> None:
    """Other threads may still be reading: then it is done when they are."""
    if not any(not each.daemon and each is not threading.main_thread() for each in threading.enumerate()):
        _end()


def _end() -> None:
    for call in list(_open):
        try:
            call.dropped()
        except Exception:
            our_fault("ending an open call")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_open.clear)  # what a parent reads is the parent's to record
