"""A timeout that stands still while what it limits waits for a rate limit: that is not the task being slow."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from contextvars import ContextVar

from assay.evaluation.rates.pacing import current_row


@asynccontextmanager
async def patient_timeout(seconds: float | None) -> AsyncIterator[asyncio.Timeout]:
    """`asyncio.timeout(seconds)` that does not count the time in which a call made inside, in whatever thread, waits
    to be let through. When it ends by an exception, calls of its threads that still wait get a TimeoutError.
    """
    async with asyncio.timeout(seconds) as timeout:
        patience = _Patience(timeout)
        token = _current.set(patience)
        try:
            yield timeout
        except BaseException:
            patience.end(abandoned=True)
            raise
        else:
            patience.end(abandoned=False)
        finally:
            _current.reset(token)


@contextmanager
def waiting_for_a_rate(give_up: Callable[[], None] | None = None) -> Iterator[None]:
    """What is done inside is waiting. `give_up` is called if the timeout around ends meanwhile.

    Raises:
        TimeoutError: the timeout around has ended already, by an exception.
    """
    patience, row = _current.get(), current_row()
    with row.waiting() if row else nullcontext():
        if patience is None:
            yield
            return
        patience.pause(give_up)
        try:
            yield
        finally:
            patience.resume(give_up)


def still_wanted() -> None:
    """Raises TimeoutError if the timeout around has ended by an exception: in a thread that was left behind."""
    patience = _current.get()
    if patience is not None:
        patience.check()


class _Patience:
    """Stops and restarts a timeout from any thread."""

    def __init__(self, timeout: asyncio.Timeout) -> None:
        self._timeout = timeout
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._waiting = 0
        self._give_up: set[Callable[[], None]] = set()
        self._over = self._abandoned = False
        self._left_s: float | None = None  # of a timeout that stands still

    def check(self) -> None:
        if self._abandoned:
            raise TimeoutError("what this call was made for has ended")

    def pause(self, give_up: Callable[[], None] | None) -> None:
        with self._lock:
            self.check()
            self._waiting += 1
            if give_up is not None:
                self._give_up.add(give_up)
            self._tell()

    def resume(self, give_up: Callable[[], None] | None) -> None:
        with self._lock:
            self._waiting -= 1
            if give_up is not None:
                self._give_up.discard(give_up)
            self._tell()

    def end(self, *, abandoned: bool) -> None:
        with self._lock:
            self._over, self._abandoned = True, abandoned
            waiting = list(self._give_up) if abandoned else []
        for give_up in waiting:
            give_up()

    def _tell(self) -> None:
        if not self._over:
            try:
                self._loop.call_soon_threadsafe(self._adjust)
            except RuntimeError:  # the loop is closed, and the timeout with it
                self._over = True

    def _adjust(self) -> None:
        """On the loop: let the timeout stand or run, as it should by now."""
        if self._over or self._timeout.expired():
            return
        when = self._timeout.when()
        if self._waiting and when is not None:
            self._left_s = when - self._loop.time()
            self._timeout.reschedule(None)
        elif not self._waiting and when is None and self._left_s is not None:
            self._timeout.reschedule(self._loop.time() + self._left_s)
            self._left_s = None


_current: ContextVar[_Patience | None] = ContextVar("assay_patience", default=None)
