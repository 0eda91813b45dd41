"""SIGTERM, where the program has no handler of its own: what waits is sent or spooled, then the process ends by it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

from assay.tracing.tell import our_fault

LATER_S = 0.02  # until the next look whether an import is over
MOST_LATER = 50

_end: Callable[[], object] | None = None
_put_off = 0


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
    if _put_off_for_an_import(number, frame):
        return
    signal.signal(number, signal.SIG_DFL)  # a second one ends the process at once
    try:
        if _end is not None:
            _end()
    except Exception:
        our_fault("ending on SIGTERM")
    os.kill(os.getpid(), number)  # the default action, so that the exit status is the one to expect


def _put_off_for_an_import(number: int, frame: FrameType | None) -> bool:
    """Whether the signal comes again in a moment: the program was importing something, and holds locks that a thread
    of ours may need, which imports on its own what sending takes. A long import is waited for within a bound.
    """
    global _put_off
    if _put_off >= MOST_LATER or not _imports(frame):
        return False
    _put_off += 1
    again = threading.Timer(LATER_S, os.kill, (os.getpid(), number))
    again.daemon = True
    try:
        again.start()
    except RuntimeError:  # the interpreter is ending: no new threads
        return False
    return True


def _imports(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False
