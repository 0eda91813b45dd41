"""What was imported by now stays: to look through it for garbage, time after time, takes a tenth of the suite.

Python counts what is frozen by going through all of it, and each evaluation asks for that: another twentieth.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_count = gc.get_freeze_count


def freeze() -> None:
    gc.freeze()
    gc.get_freeze_count = lambda: 1  # some


def thaw() -> None:
    gc.get_freeze_count = _count
    gc.unfreeze()


@contextmanager
def thawed() -> Iterator[None]:
    """For who tests what freezes and counts."""
    thaw()
    yield
    thaw()
    freeze()
