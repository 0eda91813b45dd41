"""The one writer: everything that waits is committed together, and each sender hears of it only afterwards.

One commit costs one fsync, however much is in it. So the writer takes all that has arrived, commits it as one group,
and then resolves every waiter. When a group fails its members are tried one by one, so that one bad batch harms only
itself.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import duckdb
import pyarrow as pa

from assay.collector.rows import append_spans
from assay.collector.store import CHECKPOINT_AT_BYTES, SpanStore
from assay.errors import CollectorUnavailable

logger = logging.getLogger("assay.collector")

GROUP_WAIT_S = 0.005
GROUP_MAX_BYTES = 16 * 1024**2
QUEUE_MAX_BYTES = 64 * 1024**2

Job = Callable[[duckdb.DuckDBPyConnection], Any]


@dataclass(slots=True)
class _Waiting:
    """One thing to commit: a batch of spans, or a job that writes something else."""

    spans: pa.Table | None
    job: Job | None
    n_bytes: int
    future: Future[Any] = field(default_factory=Future)


class Writer:
    """Commits in a thread of its own. `put_spans` and `put_job` may be called from any thread and never block."""

    def __init__(self, store: SpanStore) -> None:
        self._store = store
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._bytes_lock = threading.Lock()
        self._waiting_bytes = 0
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="assay-writer", daemon=True)
        self._thread.start()

    def put_spans(self, spans: pa.Table, n_bytes: int) -> Future[int]:
        """Store a batch. The future gives its number of spans, once all of them are on disk.

        Raises:
            CollectorUnavailable: the queue is full, the disk is, or the collector is stopping.
        """
        return self._put(_Waiting(spans=spans, job=None, n_bytes=n_bytes))

    def put_job(self, job: Job, n_bytes: int = 1024) -> Future[Any]:
        """Run `job(cursor)` inside the next group's transaction; the future gives what it returns, once it is on disk.

        Raises:
            CollectorUnavailable: as `put_spans`.
        """
        return self._put(_Waiting(spans=None, job=job, n_bytes=n_bytes))

    def full(self) -> bool:
        """Whether the next batch would be refused: the time to say so is before reading its body."""
        return self._stopping or self._waiting_bytes >= QUEUE_MAX_BYTES

    def stop(self) -> None:
        """Refuse what comes from now on, commit what waits, end the thread."""
        self._stopping = True
        self._queue.put(None)
        self._thread.join()
        while not self._queue.empty():  # came between the flag and the end
            if late := self._queue.get():
                late.future.set_exception(
                    CollectorUnavailable("The collector is stopping.", hint="Send it again later.")
                )

    def _put(self, waiting: _Waiting) -> Future[Any]:
        if self._stopping:
            raise CollectorUnavailable("The collector is stopping.", hint="Send it again later.")
        if not self._store.has_room():
            raise CollectorUnavailable(f"The disk of {self._store.path.parent} is full.", hint="Free some space.")
        with self._bytes_lock:
            if self._waiting_bytes >= QUEUE_MAX_BYTES:
                raise CollectorUnavailable(
                    "The collector has more waiting than it may hold.", hint="Send it again later."
                )
            self._waiting_bytes += waiting.n_bytes
        self._queue.put(waiting)
        return waiting.future

    # The thread ---------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        ended = False
        while not ended:
            first = self._queue.get()
            if first is None:
                break
            group, ended = self._gather(first)
            self._commit(group)
            with self._bytes_lock:
                self._waiting_bytes -= sum(waiting.n_bytes for waiting in group)
            self._checkpoint_if_due()

    def _gather(self, first: _Waiting) -> tuple[list[_Waiting], bool]:
        """What to commit together: all that is there, and what comes within a few milliseconds."""
        group, n_bytes = [first], first.n_bytes
        deadline = time.monotonic() + GROUP_WAIT_S
        while n_bytes < GROUP_MAX_BYTES:
            try:
                waiting = self._queue.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                return group, False
            if waiting is None:
                return group, True
            group.append(waiting)
            n_bytes += waiting.n_bytes
        return group, False

    def _commit(self, group: list[_Waiting]) -> None:
        try:
            results = self._store.write(lambda cursor: _apply(cursor, group))
        except Exception as error:
            if len(group) == 1:
                logger.warning("a batch could not be stored: %s", error)
                group[0].future.set_exception(error)
            else:
                for waiting in group:
                    self._commit([waiting])
            return
        for waiting, result in zip(group, results, strict=True):
            waiting.future.set_result(result)

    def _checkpoint_if_due(self) -> None:
        if not self._queue.empty() and self._store.wal_bytes() < 4 * CHECKPOINT_AT_BYTES:
            return  # somebody waits: a checkpoint can wait longer
        try:
            self._store.checkpoint(at_least_bytes=CHECKPOINT_AT_BYTES)
        except duckdb.FatalException:
            logger.exception("a checkpoint failed")
            self._store.reopen()
        except duckdb.Error:
            logger.exception("a checkpoint failed")


def _apply(cursor: duckdb.DuckDBPyConnection, group: list[_Waiting]) -> list[Any]:
    """Write the whole group; all its spans go in as one insert."""
    batches = [waiting.spans for waiting in group if waiting.spans is not None]
    if batches:
        append_spans(cursor, pa.concat_tables(batches))
    return [waiting.job(cursor) if waiting.job else waiting.spans.num_rows for waiting in group]  # type: ignore[union-attr]
