"""One event loop for all model calls of this process, in a thread of its own.

Evaluations come with loops of their own, and clients belong to a loop: one for all keeps connections open between
evaluations and leaves none behind.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_loop: asyncio.AbstractEventLoop | None = None
_loop_pid: int | None = None
_lock = threading.Lock()


async def on_gateway_loop(coroutine: Coroutine[Any, Any, T]) -> T:
    """Await `coroutine` on the loop of model calls, in the context of whoever asks; cancelling goes through."""
    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(coroutine, _running()))


def _running() -> asyncio.AbstractEventLoop:
    global _loop, _loop_pid
    with _lock:
        if _loop is None or _loop_pid != os.getpid():  # a forked child has none of its parent's threads
            _loop, _loop_pid = asyncio.new_event_loop(), os.getpid()
            threading.Thread(target=_loop.run_forever, name="assay-gateway", daemon=True).start()
        return _loop
