"""The one writer: everything that waits is committed together, and each sender hears of it only afterwards.

One commit costs one fsync, however much is in it. So the writer takes all that has arrived, commits it as one group,
and then resolves every waiter. A group that fails is halved until what is wrong stands alone, so that one bad batch
harms only itself; and a bad batch is taken apart in the same way, so that one bad span harms only itself.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import duckdb

from assay.collector import dead_letters
from assay.collector.batch import SpanBatch
from assay.collector.conflicts import count_conflicts
from assay.collector.content import KnownContent
from assay.collector.dead_letters import DeadLetter
from assay.collector.open_index import TraceOf
from assay.collector.rows import append_spans
from assay.collector.store import (
    BUSY_CHECKPOINT_AT_BYTES,
    CHECKPOINT_AT_BYTES,
    IDLE_CHECKPOINT_AT_BYTES,
    SpanStore,
    StoreReopened,
)
from assay.collector.trace_memory import Touched
from assay.errors import CollectorUnavailable

logger = logging.getLogger("assay.collector")

GROUP_WAIT_S = 0.005
GROUP_MAX_BYTES = 16 * 1024**2
QUEUE_MAX_BYTES = 64 * 1024**2
IDLE_AFTER_S = 1.0
MAX_BAD_SPANS = 32  # of one batch; each costs a transaction or more, and after so many the others are bad as well

Job = Callable[[duckdb.DuckDBPyConnection], Any]
Singly = Callable[[], Sequence[tuple[SpanBatch, DeadLetter]]]


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a batch: how many of its spans are on disk, and why the others are not."""

    count: int
    rejected: list[str]


@dataclass(slots=True)
class Counters:
    """Since the start. `repeated`: spans that were there already, `conflicts`: those of them that had changed."""

    spans: int = 0
    repeated: int = 0
    conflicts: int = 0
    dead_letters: int = 0
    commits: int = 0
    failed_commits: int = 0
    checkpoints: int = 0


@dataclass(slots=True)
class _Waiting:
    """One thing to do: commit a batch of spans, run a job that writes something else, or do `between` two commits what
    is no transaction.
    """

    spans: SpanBatch | None
    singly: Singly | None
    job: Job | None
    n_bytes: int
    between: Callable[[], Any] | None = None
    touches: Touched = None  # by the job
    future: Future[Any] = field(default_factory=Future)

    def touched(self) -> Touched:
        """Of which traces spans or scores change; None: it may be any."""
        return {(project, trace_id) for project, trace_id, _ in self.spans.keys} if self.spans else self.touches


class Writer:
    """Commits in a thread of its own. The `put_` methods may be called from any thread and never block."""

    def __init__(self, store: SpanStore) -> None:
        self._store = store
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._bytes_lock = threading.Lock()
        self._waiting_bytes = 0
        self._stopping = False
        self._complained = ""
        self._noted_at = 0.0
        self.counters = Counters()
        self._thread = threading.Thread(target=self._run, name="assay-writer", daemon=True)
        self._thread.start()

    def put_spans(self, spans: SpanBatch, n_bytes: int, singly: Singly | None = None) -> Future[Stored]:
        """Store a batch; the future resolves once it is on disk.

        Args:
            singly: gives the same spans one by one, each with what is kept of it if it cannot be stored. Called on the
                writer's thread when the batch as a whole cannot be.

        Raises:
            CollectorUnavailable: the queue is full, the disk is, or the collector is stopping.
        """
        return self._put(_Waiting(spans, singly, None, n_bytes))

    def put_job(self, job: Job, n_bytes: int = 1024, *, touches: Touched = None) -> Future[Any]:
        """Run `job(cursor)` inside the next group's transaction; the future gives what it returns, once it is on disk.

        It may be run again when its group failed, after everything that it wrote was undone.

        Args:
            touches: of which traces it changes spans or scores; None: it may be any, which makes lists slower.

        Raises:
            CollectorUnavailable: as `put_spans`.
        """
        return self._put(_Waiting(None, None, job, n_bytes, touches=touches))

    def checkpoint(self) -> Future[bool]:
        """Move the write-ahead log into the file, between two commits; the future says whether there was room for it.

        Raises:
            CollectorUnavailable: as `put_spans`.
        """
        return self.between(self._checkpoint)

    def between(self, work: Callable[[], Any]) -> Future[Any]:
        """Call `work` on the writer's thread between two commits, while nothing else is written.

        Raises:
            CollectorUnavailable: as `put_spans`.
        """
        return self._put(_Waiting(None, None, None, 0, work))

    def full(self) -> bool:
        """Whether the next batch would be refused: the time to say so is before reading its body."""
        return self._stopping or self._waiting_bytes >= QUEUE_MAX_BYTES or not self._store.has_room()

    @property
    def waiting_bytes(self) -> int:
        return self._waiting_bytes

    def stop(self) -> None:
        """Refuse what comes from now on, commit what waits, end the thread."""
        self._stopping = True
        self._queue.put(None)
        self._thread.join()
        while not self._queue.empty():  # came between the flag and the end
            if late := self._queue.get():
                late.future.set_exception(_stopping())

    def _put(self, waiting: _Waiting) -> Future[Any]:
        if self._stopping:
            raise _stopping()
        if not self._store.has_room():
            raise CollectorUnavailable(f"The disk of {self._store.path.parent} is full.", hint="Free some space.")
        with self._bytes_lock:
            if self._waiting_bytes >= QUEUE_MAX_BYTES:
                raise CollectorUnavailable(
                    "The collector has more waiting than it may hold.", hint="Send it again later."
                )
            self._waiting_bytes += waiting.n_bytes
        waiting.future.set_running_or_notify_cancel()  # from now on it cannot be cancelled
        self._queue.put(waiting)
        return waiting.future

    # The thread ---------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        ended = False
        while not ended:
            try:
                first = self._queue.get(timeout=IDLE_AFTER_S)
            except queue.Empty:
                self._keep_house(IDLE_CHECKPOINT_AT_BYTES)
                continue
            if first is None:
                break
            group, ended = self._gather(first)
            self._commit([waiting for waiting in group if not waiting.between])
            with self._bytes_lock:
                self._waiting_bytes -= sum(waiting.n_bytes for waiting in group)
            for waiting in group:
                if waiting.between:
                    _resolve(waiting.future, waiting.between)
            self._keep_house(CHECKPOINT_AT_BYTES if self._queue.empty() else BUSY_CHECKPOINT_AT_BYTES)

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

    def _commit(self, group: list[_Waiting], *, again: bool = True) -> None:
        """Commit the group and resolve its futures, whatever happens."""
        if not group:
            return
        try:
            done = self._write(group)
        except StoreReopened as error:
            self._commit_again(group, error, again=again)
        except CollectorUnavailable as error:
            _refuse(group, error)
        except Exception as error:
            if len(group) > 1:
                middle = len(group) // 2
                self._commit(group[:middle])
                self._commit(group[middle:])
            else:
                self._commit_apart(group[0], error)
        else:
            for waiting, result in zip(group, done, strict=True):
                waiting.future.set_result(result)

    def _commit_again(self, group: list[_Waiting], error: StoreReopened, *, again: bool) -> None:
        """After the instance failed. Spans that were stored after all are not stored twice; a job's rows might be."""
        retried = [waiting for waiting in group if again and not (error.committing and waiting.job)]
        _refuse([waiting for waiting in group if waiting not in retried], error)
        self._commit(retried, again=False)

    def _commit_apart(self, waiting: _Waiting, error: Exception) -> None:
        """What alone cannot be stored: a batch goes in span by span, so far as that succeeds."""
        logger.warning("could not be stored: %s", error, exc_info=error)
        if waiting.singly is None:
            waiting.future.set_exception(error)
            return
        try:
            bad: list[tuple[DeadLetter, Exception]] = []
            count = self._store_parts(list(waiting.singly()), bad)
            letters = [letter.because(reason) for letter, reason in bad]
            self._store.write(lambda cursor: dead_letters.append(cursor, letters), touches=())
            self.counters.dead_letters += len(letters)
        except Exception as failed:
            waiting.future.set_exception(failed)
        else:
            waiting.future.set_result(Stored(count, [letter.reason for letter in letters]))

    def _store_parts(self, parts: list[tuple[SpanBatch, DeadLetter]], bad: list[tuple[DeadLetter, Exception]]) -> int:
        """Store what can be stored of these; how many. Those that cannot are added to `bad`."""
        try:
            self._write([_Waiting(spans, None, None, 0) for spans, _ in parts])
            return len(parts)
        except CollectorUnavailable:
            raise
        except Exception as error:
            if len(parts) == 1 or len(bad) >= MAX_BAD_SPANS:
                bad += [(letter, error) for _, letter in parts]
                return 0
            middle = len(parts) // 2
            return self._store_parts(parts[:middle], bad) + self._store_parts(parts[middle:], bad)

    def _write(self, group: list[_Waiting]) -> list[Any]:
        """Commit the group in one transaction; the result of each."""
        try:
            results, added, conflicts = self._store.write(
                lambda cursor: _apply(cursor, group, self._store.content), touches=_touched(group)
            )
        except Exception:
            self.counters.failed_commits += 1
            raise
        self.counters.commits += 1
        self.counters.spans += added
        self.counters.repeated += sum(len(waiting.spans) for waiting in group if waiting.spans) - added
        self.counters.conflicts += conflicts
        return results

    # Upkeep -------------------------------------------------------------------------------------------------------

    def _keep_house(self, checkpoint_at_bytes: int) -> None:
        if self._store.checkpoint_due(checkpoint_at_bytes):
            self._checkpoint()
        if time.monotonic() >= self._noted_at + IDLE_AFTER_S:
            self._noted_at = time.monotonic()
            try:
                self._store.note_progress()
            except OSError as error:
                self._complain(f"the state of the store could not be noted: {error}")

    def _checkpoint(self) -> bool:
        try:
            done = self._store.checkpoint()
        except (duckdb.Error, CollectorUnavailable) as error:
            self._complain(f"a checkpoint failed, what was committed stays in the write-ahead log: {error}")
            return False
        self.counters.checkpoints += done
        self._complained = ""
        return done

    def _complain(self, message: str) -> None:
        """Log it, but not every second while the disk is full."""
        if message != self._complained:
            logger.error(message)
            self._complained = message


def _apply(
    cursor: duckdb.DuckDBPyConnection, group: list[_Waiting], content: KnownContent
) -> tuple[list[Any], int, int]:
    """Write the whole group, all its spans as one insert: results, spans added, spans unlike those that are there."""
    batches = [waiting.spans for waiting in group if waiting.spans is not None]
    added = append_spans(cursor, batches, content)
    conflicts = count_conflicts(cursor, batches) if added < sum(len(batch) for batch in batches) else 0
    results = [Stored(len(waiting.spans), []) if waiting.spans else waiting.job(cursor) for waiting in group]  # type: ignore[misc]
    return results, added, conflicts


def _touched(group: Iterable[_Waiting]) -> Touched:
    touched: set[TraceOf] = set()
    for waiting in group:
        if (some := waiting.touched()) is None:
            return None
        touched.update(some)
    return touched


def _resolve(future: Future[Any], work: Callable[[], Any]) -> None:
    try:
        result = work()
    except Exception as error:
        future.set_exception(error)
    else:
        future.set_result(result)


def _refuse(group: list[_Waiting], error: Exception) -> None:
    for waiting in group:
        waiting.future.set_exception(error)


def _stopping() -> CollectorUnavailable:
    return CollectorUnavailable("The collector is stopping.", hint="Send it again later.")
