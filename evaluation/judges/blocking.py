"""Coroutines for callers that are not async: in scripts, in notebooks, and under a loop that runs already."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def wait_for(coroutine: Coroutine[Any, Any, T]) -> T:
    """What the coroutine returns or raises, from an event loop in a thread of its own, in the caller's context."""
    found: list[T] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            found.append(asyncio.run(coroutine))
        except BaseException as error:  # the caller's to handle, whatever it is
            failed.append(error)

    thread = threading.Thread(target=contextvars.copy_context().run, args=(work,), name="assay-judge", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(0.1)  # with a timeout, so that Ctrl-C is heard
    if failed:
        raise failed[0]
    return found[0]
