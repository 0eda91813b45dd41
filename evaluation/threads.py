"""Functions that block, awaited: each runs in a thread of its own that is used again.

Not asyncio's executor, for two reasons. A function that outlives its timeout keeps its thread, and would keep a place
in a pool of fixed size from the rows that follow. And an executor waits for its threads when the interpreter ends.
"""

from __future__ import annotations

import asyncio
import contextvars
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")
Job = Callable[[], None]


class Threads:
    """Runs functions in daemon threads, as many as run at once. Used from one event loop."""

    def __init__(self) -> None:
        self._idle: list[queue.SimpleQueue[Job | None]] = []
        self._lock = threading.Lock()
        self._closed = False

    async def run(self, function: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
        """`function(*args, **kwargs)` in a thread, under a copy of the caller's context. Cancelling abandons the
        thread.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        context = contextvars.copy_context()
        self._submit(lambda: _run(loop, future, context, function, args, kwargs))
        return await future

    def close(self) -> None:
        """Let the idle threads end; those that still run end when their function does."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for inbox in idle:
            inbox.put(None)

    def _submit(self, job: Job) -> None:
        with self._lock:
            inbox = self._idle.pop() if self._idle else None
        if inbox is None:
            inbox = queue.SimpleQueue()
            threading.Thread(target=self._work, args=(inbox,), name="assay-evaluation", daemon=True).start()
        inbox.put(job)

    def _work(self, inbox: queue.SimpleQueue[Job | None]) -> None:
        while (job := inbox.get()) is not None:
            job()
            with self._lock:
                if self._closed:
                    return
                self._idle.append(inbox)


def _run(
    loop: asyncio.AbstractEventLoop,
    future: asyncio.Future[T],
    context: contextvars.Context,
    function: Callable[..., T],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> None:
    result: T | None = None
    failure: BaseException | None = None
    try:
        result = context.run(function, *args, **kwargs)
    except BaseException as error:  # SystemExit of a task is the row's failure, not this thread's
        failure = error

    def deliver() -> None:
        if future.done():
            return  # timed out or cancelled: nobody waits
        if failure is None:
            future.set_result(result)  # type: ignore[arg-type]
        elif isinstance(failure, StopIteration):
            future.set_exception(RuntimeError(f"StopIteration: {failure}"))  # a future cannot carry it
        else:
            future.set_exception(failure)

    try:
        loop.call_soon_threadsafe(deliver)
    except RuntimeError:  # the loop has ended: nobody waits
        return
