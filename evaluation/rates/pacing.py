"""What an evaluation knows of the rates at which its rows may call models."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from assay.evaluation.rates.window import Window

ATTEMPTS = 5


class RowPace:
    """One row under way."""

    def __init__(self, pacing: Pacing) -> None:
        self.pacing = pacing
        self.lost: dict[bytes, Exception] = {}  # requests given up, so that a client's own retries are not sent
        self._refused = False
        self._lock = threading.Lock()
        self._waiting = 0
        self._since = 0.0
        self._waited_s = 0.0

    @property
    def waited_s(self) -> float:
        """Seconds in which at least one of the row's calls waited for its turn: the provider's limit, not its speed."""
        with self._lock:
            return self._waited_s + (time.monotonic() - self._since if self._waiting else 0.0)

    @property
    def patience_s(self) -> float | None:
        """How long a call of this row may wait for its turn; None is without end."""
        until = self.pacing.until
        return None if until is None else max(0.0, until - time.monotonic())

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """A call of this row waits for its turn."""
        with self._lock:
            if self._waiting == 0:
                self._since = time.monotonic()
            self._waiting += 1
        try:
            yield
        finally:
            with self._lock:
                self._waiting -= 1
                if self._waiting == 0:
                    self._waited_s += time.monotonic() - self._since

    def refused(self) -> None:
        """A call of this row was refused for the provider's rate limit."""
        self._refused = True
        self.pacing.refused()


class Pacing:
    """One evaluation's pace. `attempts` is how often a call may be sent, `until` when the evaluation's time is up."""

    def __init__(
        self, *, attempts: int = ATTEMPTS, until: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.attempts = attempts
        self.until = until
        self._clock = clock
        self._lock = threading.Lock()
        self._window = Window()
        self._under_way = 0

    @property
    def rows(self) -> int:
        """How many rows may be under way, for `concurrency="auto"`: it grows while calls get through, and shrinks when
        they are refused. Ask again after every row.
        """
        return self._window.size

    @contextmanager
    def row(self) -> Iterator[RowPace]:
        """A row, its task and its scorers: model calls made inside are paced, in whatever thread."""
        row = RowPace(self)
        with self._lock:
            self._under_way += 1
        token = _row.set(row)
        try:
            yield row
        finally:
            _row.reset(token)
            with self._lock:
                if not row._refused:
                    self._window.succeeded(self._clock(), under_way=self._under_way)
                self._under_way -= 1

    def refused(self) -> None:
        """A call was refused for the provider's rate limit."""
        with self._lock:
            self._window.refused(self._clock())


_row: ContextVar[RowPace | None] = ContextVar("assay_row", default=None)


def current_row() -> RowPace | None:
    """The row that this code runs for, None outside of an evaluation."""
    return _row.get()
