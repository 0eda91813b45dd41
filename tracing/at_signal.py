"""SIGTERM, where the program has no handler of its own: what waits is sent or spooled, then the process ends by it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

from assay.tracing.tell import our_fault

_end: Callable[[], object] | None = None


def end_orderly_on_sigterm(end: Callable[[], object]) -> None:
    """Call `end`, which takes a bounded time, when SIGTERM is about to end this process.

    Does nothing where the application has a handler or ignores the signal: it stays in charge, also when it sets its
    handler later. Nor does it where Python allows no handler: off the main thread, in a sub-interpreter.
    """
    global _end
    _end = end
    if threading.current_thread() is not threading.main_thread():
        return
    try:
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, _on_sigterm)
    except ValueError:  # not the main interpreter
        return


def _on_sigterm(number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_DFL)  # a second one ends the process at once
    try:
        if _end is not None:
            _end()
    except Exception:
        our_fault("ending on SIGTERM")
    os.kill(os.getpid(), number)  # the default action, so that the exit status is the one to expect
