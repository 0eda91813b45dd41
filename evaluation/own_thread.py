"""A run on a thread and an event loop of its own: the same in scripts, in notebooks and under a running loop."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from concurrent.futures import Future, wait

from assay.evaluation.result import EvaluationResult
from assay.evaluation.run import Run

STOPPED_WITHIN_S = 10.0  # after a second Ctrl-C, for storing what there is


def run_in_own_thread(run: Run) -> EvaluationResult:
    """Execute a run. The first Ctrl-C lets the rows under way finish, the second cancels them, the third leaves.

    Raises:
        KeyboardInterrupt: a second Ctrl-C; or the first came when no row was left to hold back, so that the program
            after this evaluation is what it stops. The experiment is stored as it ended.
    """
    context = contextvars.copy_context()
    future: Future[EvaluationResult] = Future()
    stop = _Stop()

    def work() -> None:
        try:
            future.set_result(context.run(asyncio.run, stop.watched(run)))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=work, name="assay-evaluate", daemon=True).start()
    _wait_for(future, run, stop)
    result = future.result()
    if run.interrupted and result.status != "interrupted":
        raise KeyboardInterrupt
    return result


def _wait_for(future: Future[EvaluationResult], run: Run, stop: _Stop) -> None:
    while not future.done():
        try:
            # With a timeout, so that Ctrl-C is heard on every platform. (Thread.join, once interrupted, takes a thread
            # that still runs for an ended one.)
            wait([future], timeout=0.2)
        except KeyboardInterrupt:
            if future.done():
                raise
            if not run.interrupted:
                run.interrupt()
                continue
            stop.now()
            wait([future], timeout=STOPPED_WITHIN_S)
            raise


class _Stop:
    """Cancels a run from another thread."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[EvaluationResult] | None = None

    async def watched(self, run: Run) -> EvaluationResult:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        return await run.execute()

    def now(self) -> None:
        if self._loop is not None and self._task is not None:
            self._loop.call_soon_threadsafe(self._task.cancel)
