"""What a run asks of the interpreter while its rows are under way, for all of the process, and gives back at its end.

The rows share their event loop's turn with other threads: with those that send spans, and with a collector that is
embedded. A thread that computes keeps the interpreter for 5 ms before it is asked to let another one have it, and the
loop asks for it at every turn, so a row's answer may wait for many times 5 ms until the next row begins. And a full
collection of garbage stops everything to look at each object of the program, most of which are modules and live on.
Collections after every 700 new objects promote what a row holds for as long as it is under way, and that is what makes
full ones frequent; after some thousands most of it is gone by itself.
"""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

SWITCH_S = 0.0005  # a change of threads costs some microseconds
YOUNG_OBJECTS = 10_000  # of some hundred bytes each, until the youngest are looked at

_lock = threading.Lock()
_runs = 0
_interval_before = SWITCH_S
_young_before = YOUNG_OBJECTS
_frozen = False


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let threads take turns quickly, collect garbage seldom, and pass over what there is already. Runs may overlap.

    What the program itself has asked for stays: a shorter interval, rarer collections or none, objects that it froze.
    """
    _begin()
    try:
        yield
    finally:
        _end()


def _begin() -> None:
    global _runs, _interval_before, _young_before, _frozen
    with _lock:
        _runs += 1
        if _runs > 1:
            return
        _interval_before = sys.getswitchinterval()
        if _interval_before > SWITCH_S:
            sys.setswitchinterval(SWITCH_S)
        _young_before = gc.get_threshold()[0]
        if 0 < _young_before < YOUNG_OBJECTS:
            gc.set_threshold(YOUNG_OBJECTS)
        _frozen = gc.isenabled() and gc.get_freeze_count() == 0
        if _frozen:
            gc.freeze()


def _end() -> None:
    global _runs, _frozen
    with _lock:
        _runs -= 1
        if _runs:
            return
        if _interval_before > SWITCH_S:
            sys.setswitchinterval(_interval_before)
        if 0 < _young_before < YOUNG_OBJECTS:
            gc.set_threshold(_young_before)
        if _frozen:
            _frozen = False
            gc.unfreeze()
