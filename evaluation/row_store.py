"""Rows on their way to the collector: sent in the background while the evaluation goes on, a few at a time."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from assay.errors import AssayError, CollectorUnavailable

BATCH_ROWS = 250  # a request and its commit cost the same for few rows as for many
BATCH_S = 0.5
MOST_ROWS = 500  # of one request, when rows come faster than they are taken
SIGN_OF_LIFE_S = 30.0  # without rows; the collector takes a run that says nothing for two minutes for dead
GIVE_UP_AFTER_S = 60.0
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0

Row = dict[str, Any]


class RowStore:
    """Sends rows within half a second, and again until they are taken or a minute has passed.

    `send` posts a batch (an empty one is a sign of life) and is called on the store's own thread; a
    CollectorUnavailable is tried again, any other AssayError means that a row is refused: then the batch goes row by
    row, so that one bad row costs no other. What could not be stored is in `unstored` after `close`, each with the
    reason.
    """

    def __init__(self, send: Callable[[Sequence[Row]], Any], *, give_up_after_s: float = GIVE_UP_AFTER_S) -> None:
        self.unstored: list[tuple[Row, str]] = []
        self._send = send
        self._give_up_after_s = give_up_after_s
        self._rows: deque[Row] = deque()
        self._wake = threading.Event()  # a batch is full, or no more rows come
        self._closed = False
        self._given_up = False  # after one wait in vain the rows that follow get one try each, not a minute
        self._thread = threading.Thread(target=self._run, name="assay-rows", daemon=True)
        self._thread.start()

    @property
    def backlog(self) -> int:
        """Rows that wait. The engine pauses while there are many, so that memory stays bounded."""
        return 0 if self._given_up else len(self._rows)

    def put(self, row: Row) -> None:
        """Called from one thread. A row alone does not wake the store's: it would take the interpreter once a row."""
        self._rows.append(row)
        if len(self._rows) == BATCH_ROWS:
            self._wake.set()

    def close(self) -> None:
        """Wait until every row was stored or given up."""
        self._closed = True
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        sent_at, more = time.monotonic(), True
        while more:
            batch, more = self._next_batch()
            if batch:
                self._store(batch)
            elif more and time.monotonic() - sent_at >= SIGN_OF_LIFE_S:
                self._give_sign_of_life()
            else:
                continue
            sent_at = time.monotonic()

    def _next_batch(self) -> tuple[list[Row], bool]:
        """Rows to send now, and whether more may come. None at all for now, where rows take their time."""
        if not self._closed and len(self._rows) < BATCH_ROWS:
            self._wake.wait(BATCH_S)
        self._wake.clear()
        closed = self._closed  # asked before the rows are taken: those put before the end are among them
        batch = [self._rows.popleft() for _ in range(min(MOST_ROWS, len(self._rows)))]
        return batch, not closed or bool(self._rows)

    def _give_sign_of_life(self) -> None:
        """Send no rows. Whether it arrives matters to nobody but those who watch."""
        with contextlib.suppress(AssayError):
            self._send([])

    def _store(self, batch: Sequence[Row]) -> None:
        try:
            self._send_until_taken(batch)
        except AssayError as error:
            if len(batch) == 1 or isinstance(error, CollectorUnavailable):
                self.unstored += [(row, str(error)) for row in batch]
            else:
                for row in batch:
                    self._store([row])

    def _send_until_taken(self, batch: Sequence[Row]) -> None:
        started, pause = time.monotonic(), FIRST_PAUSE_S
        while True:
            try:
                self._send(batch)
            except CollectorUnavailable:
                if self._given_up or time.monotonic() - started + pause > self._give_up_after_s:
                    self._given_up = True
                    raise
                time.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)
            else:
                self._given_up = False
                return
