"""Telling the user about trouble of ours: in one log line, not in a thousand."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

logger = logging.getLogger("assay")

INTERVAL_S = 60.0


class Teller:
    """Counts what was dropped and says so at most once a minute. Used from one thread at a time."""

    def __init__(self, noun: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.dropped = 0
        self.ending = False  # the program ends: one line for everything, when `tell` is called at last
        self._noun = noun
        self._clock = clock
        self._told = 0
        self._told_at: float | None = None
        self._reason = ""

    def drop(self, count: int, reason: str) -> None:
        """`count` things are lost because of `reason`; told now if nothing was told in the last minute."""
        self.dropped += count
        self._reason = reason
        now = self._clock()
        if self.ending:
            return
        if self._told_at is None or now - self._told_at >= INTERVAL_S:
            self._told_at = now
            self.tell()

    def tell(self) -> None:
        """Say what is not said yet."""
        if untold := self.dropped - self._told:
            self._told = self.dropped
            total = "" if untold == self.dropped else f" ({self.dropped} in all)"
            noun = self._noun if untold == 1 else f"{self._noun}s"
            logger.warning("Assay dropped %d %s%s: %s", untold, noun, total, self._reason)


_said: set[str] = set()


def say_once(key: str, message: str, *args: object) -> None:
    """Log a warning the first time that `key` comes up in this process."""
    if key not in _said:
        _said.add(key)
        logger.warning(message, *args)


def our_fault(where: str) -> None:
    """Log an exception of our own, with its traceback, once per place. Call it from an `except` block.

    The traced program goes on: its call and its exceptions are none of our business.
    """
    if where not in _said:
        _said.add(where)
        logger.warning("Assay failed in %s; the program is not affected. Please report this.", where, exc_info=True)
