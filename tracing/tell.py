"""Telling the user about trouble of ours: in one log line, not in a thousand."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

logger = logging.getLogger("assay")

MAX_REASONS = 20  # of those that differ by an address or a number, the rest is summed up


@dataclass(slots=True)
class _Lost:
    count: int = 0
    told: int = 0


class Teller:
    """Counts what was dropped, by reason. Each reason is told when it comes up, and once more, with how many there
    were in all, when the program ends.

    Counting takes no lock, since it may run in a signal handler: each reason is counted by one thread at a time.
    """

    def __init__(self, noun: str) -> None:
        self.ending = False  # the program ends: one line for each reason, when `tell` is called at last
        self._noun = noun
        self._lost: dict[str, _Lost] = {}

    @property
    def dropped(self) -> int:
        return sum(lost.count for lost in list(self._lost.values()))

    def drop(self, count: int, reason: str) -> None:
        """`count` things are lost because of `reason`."""
        if count <= 0:
            return
        if reason not in self._lost and len(self._lost) >= MAX_REASONS:
            reason = "other reasons."
        lost = self._lost.setdefault(reason, _Lost())
        lost.count += count
        if not self.ending and not lost.told:
            self._say(reason, lost)

    def tell(self) -> None:
        """Say what is not said yet."""
        for reason, lost in list(self._lost.items()):
            if lost.count > lost.told:
                self._say(reason, lost)

    def forget(self) -> None:
        """Begin at nothing: in a forked child, what the parent lost is the parent's to tell."""
        self._lost.clear()

    def _say(self, reason: str, lost: _Lost) -> None:
        in_all, lost.told = bool(lost.told), lost.count
        noun = self._noun if lost.count == 1 else f"{self._noun}s"
        logger.warning("Assay dropped %d %s%s: %s", lost.count, noun, " in all" if in_all else "", reason)


_said: set[str] = set()


def say_once(key: str, message: str, *args: object) -> None:
    """Log a warning the first time that `key` comes up in this process."""
    if key not in _said:
        _said.add(key)
        logger.warning(message, *args)


def in_thread(run: Callable[..., object], where: str) -> Callable[..., None]:
    """`run` as the target of a thread of ours: what it raises is told, and not printed as the program's own."""

    def target(*args: object) -> None:
        try:
            run(*args)
        except Exception:
            our_fault(where)

    return target


def harmless(where: str, default: Any = None, but: tuple[type[Exception], ...] = ()) -> Callable[[F], F]:
    """For functions that a program or its libraries come through: what one raises is told, and `default` returned.

    Args:
        but: what the program is meant to see.
    """

    def decorate(function: F) -> F:
        @functools.wraps(function)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            try:
                return function(*args, **kwargs)
            except but:
                raise
            except Exception:
                our_fault(where)
                return default

        return guarded  # type: ignore[return-value]

    return decorate


def our_fault(where: str) -> None:
    """Log an exception of our own, with its traceback, once per place. Call it from an `except` block.

    The traced program goes on: its call and its exceptions are none of our business.
    """
    if where not in _said:
        _said.add(where)
        logger.warning("Assay failed in %s; the program is not affected. Please report this.", where, exc_info=True)
