"""The span store: one DuckDB file, one owner, one writer.

What is committed here survives `kill -9`: DuckDB writes and fsyncs its write-ahead log before COMMIT returns.
Checkpoints (moving that log into the file) are ours to start, because a checkpoint that meets a full disk invalidates
the whole instance, and because one that runs inside an insert stalls it for a second.
"""

from __future__ import annotations

import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

import duckdb

from assay.collector.compaction import compact_path, copy_database, merges
from assay.collector.content import KnownContent
from assay.collector.data_file import DataFile
from assay.collector.deadlines import Deadlines
from assay.collector.manifest import Manifest, forget_manifest, read_manifest, write_manifest
from assay.collector.migrations import MIGRATIONS, migrate
from assay.collector.nested_calls import NestedCalls
from assay.collector.open_index import OpenIndex, open_rows
from assay.collector.rows import prepare
from assay.collector.start_checks import check_contents, check_files, damaged, log_path
from assay.collector.summed_parts import SummedParts
from assay.collector.timings import Timings
from assay.collector.trace_blocks import TraceBlocks
from assay.collector.trace_memory import Touched, TraceMemory
from assay.errors import CollectorUnavailable, StoreError, StoreLocked

logger = logging.getLogger("assay.collector")

STORE_FILE = "assay.duckdb"
CHECKPOINT_AT_BYTES = 64 * 1024**2  # of write-ahead log
BUSY_CHECKPOINT_AT_BYTES = 2 * CHECKPOINT_AT_BYTES  # while somebody waits to write
IDLE_CHECKPOINT_AT_BYTES = 4 * 1024**2  # when nobody has for a while: the next start has less to replay
FREE_BYTES_TO_CHECKPOINT = 3  # times the log's size: a checkpoint writes it once more, beside what is there
FREE_BYTES_TO_INGEST = 8 * 1024**2  # plus twice the log's size
MAX_CONCURRENT_READS = 2  # more readers than cores starve the writer
READ_WAIT_S = 10.0
READ_TIMEOUT_S = 10.0
REOPEN_EVERY_S = 1.0

# The instance is of no use any more once one of these was raised; what was committed is in the files.
FATAL = (duckdb.FatalException, duckdb.InternalException)
# Nothing is wrong with what was to be written; the same may well succeed later.
PASSING = (duckdb.TransactionException, duckdb.IOException, duckdb.OutOfMemoryException, duckdb.InterruptException)

Result = TypeVar("Result")


class StoreReopened(CollectorUnavailable):
    """The instance failed and was given up; the next use opens a new one.

    `committing`: it failed in COMMIT itself, so that what was to be written may be stored or not.
    """

    def __init__(self, error: Exception, *, committing: bool) -> None:
        super().__init__(f"The store had to be reopened: {error}", hint="Send it again.")
        self.committing = committing


class SpanStore:
    """Owns assay.duckdb. `write` and `checkpoint` are for the one writer thread; `read` for any thread."""

    def __init__(self, path: Path, *, memory_limit: str = "2GB") -> None:
        """Open or create the store at `path` and bring it to the newest schema.

        Raises:
            StoreDamaged: the file cannot be opened as it is. Nothing was changed.
            StoreLocked: another program has it open.
        """
        self.path = path
        self._memory_limit = memory_limit
        self._pid = os.getpid()
        self._readers = threading.BoundedSemaphore(MAX_CONCURRENT_READS)
        self.read_times, self.write_times = Timings(), Timings()
        self._deadlines = Deadlines()
        self._opening = threading.RLock()
        self._closed = False
        self._tried_to_open_at = 0.0
        self._file = check_files(path) or self._create()
        self._noted = read_manifest(path.parent)
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._writing: duckdb.DuckDBPyConnection | None = None  # the writer's cursor, kept for what is prepared on it
        try:
            connection = self._connection = self._connect(path)
            self.store_id = check_contents(path, connection)  # before anything is changed
            if migrate(connection):
                self.store_id = check_contents(path, connection)
            self.content = _known_content(connection)
            self.trace_blocks = TraceBlocks()
            self.nested_calls = NestedCalls(self.trace_blocks)
            self.summed_parts = SummedParts(self.trace_blocks)
            self.trace_memory = TraceMemory()
            self.open_spans = OpenIndex()
            self.open_spans.replace(open_rows(connection))
        except BaseException:
            if self._connection is not None:
                self._connection.close()
            self._file.close()
            raise
        self.note_progress()

    # Opening ------------------------------------------------------------------------------------------------------

    def _create(self) -> DataFile:
        """Make the file in a directory beside, and put it in its place when it is whole: a crash leaves none at all."""
        directory = self.path.with_name("new")
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        with self._connect(directory / self.path.name) as new:
            migrate(new)
            new.execute("CHECKPOINT")
        (directory / self.path.name).replace(self.path)
        shutil.rmtree(directory)
        _sync_directory(self.path.parent)
        return DataFile(self.path)

    def _connect(self, path: Path) -> duckdb.DuckDBPyConnection:
        try:
            connection = duckdb.connect(
                str(path),
                config={
                    "storage_compatibility_version": "v1.5.0",  # readable by DuckDB 1.5 and 2
                    "checkpoint_threshold": "1TB",  # never by itself, see the module's docstring
                    "autoinstall_known_extensions": "false",
                    "autoload_known_extensions": "false",
                    "memory_limit": self._memory_limit,
                    "temp_directory": str(self.path.with_name("tmp")),
                    "max_temp_directory_size": "4GB",
                    "threads": "2",
                },
            )
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute("PRAGMA disable_checkpoint_on_shutdown")  # as it would not ask for room either
            return connection
        except duckdb.Error as error:
            if "could not set lock" in str(error).lower():
                # Ours is free: some other program, such as DuckDB's own, has the file open
                raise StoreLocked(
                    f"{path} is open in another program: {error}", hint="Close that one and try again."
                ) from error
            raise damaged(path, f"{path} cannot be opened: {error}") from error

    def close(self) -> None:
        """Checkpoint where that is possible, and let go of the file; the log keeps what a checkpoint could not move."""
        self.interrupt_reads()
        try:
            self.checkpoint()
            self.note_progress()
        except (duckdb.Error, CollectorUnavailable, OSError):
            logger.exception("no checkpoint at the end; the write-ahead log is replayed at the next start")
        with self._opening:
            self._closed = True
            self._deadlines.close()
            self._disconnect()
            self._file.close()

    def _disconnect(self) -> None:
        """Let go of the instance, if there is one. Nobody writes or reads meanwhile."""
        for connection in (self._writing, self._connection):
            if connection is not None:
                connection.close()
        self._writing = self._connection = None

    def _cursor(self) -> tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection]:
        """A cursor, and the connection that it belongs to; opens a new instance where the last one failed.

        Raises:
            CollectorUnavailable: that is not possible now.
        """
        self._refuse_after_fork()
        with self._opening:
            if self._closed:
                raise CollectorUnavailable("The collector is stopping.", hint="Try again when it is back.")
            if self._connection is None:
                self._connection = self._open_again()
            return self._connection.cursor(), self._connection

    def _writing_cursor(self) -> tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection]:
        """As `_cursor`, and always the same one of an instance, so that statements are prepared but once."""
        self._refuse_after_fork()
        with self._opening:
            if self._writing is None or self._connection is None:
                cursor, _ = self._cursor()
                prepare(cursor)
                self._writing = cursor
            assert self._connection is not None
            return self._writing, self._connection

    def _forget(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Write with another cursor from now on: nobody knows what state an error left this one in."""
        with self._opening:
            if self._writing is cursor:
                self._writing = None
        cursor.close()

    def _open_again(self) -> duckdb.DuckDBPyConnection:
        if time.monotonic() < self._tried_to_open_at + REOPEN_EVERY_S:
            raise CollectorUnavailable("The store is being reopened.", hint="Try again in a moment.")
        self._tried_to_open_at = time.monotonic()
        try:
            connection = self._connect(self.path)
        except StoreError as error:
            logger.error("the store cannot be reopened: %s", error)
            raise CollectorUnavailable(f"The store cannot be reopened: {error.message}", hint=error.hint) from error
        logger.warning("reopened %s", self.path)
        self._tried_to_open_at = 0.0
        return connection

    def _give_up(self, failed: duckdb.DuckDBPyConnection, error: Exception) -> None:
        """Let go of an instance that failed, so that the next use opens a new one; what was committed is all there."""
        with self._opening:
            if self._connection is failed:
                logger.error("the store failed and will be reopened: %s", error)
                self._connection = self._writing = None  # the writer closes its cursor itself
                self._deadlines.interrupt_all()
                failed.close()

    # Use ----------------------------------------------------------------------------------------------------------

    @contextmanager
    def read(self, *, timeout_s: float = READ_TIMEOUT_S) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor of one's own, for SELECTs. At most two at once; further readers wait their turn.

        Raises:
            CollectorUnavailable: no turn came within ten seconds, the block took longer than `timeout_s`, or the store
                has to be reopened.
        """
        self._refuse_after_fork()
        started = time.perf_counter()
        if not self._readers.acquire(timeout=READ_WAIT_S):
            raise CollectorUnavailable("Too many queries are running.", hint="Try again in a moment.")
        try:
            cursor, connection = self._cursor()
            try:
                with self._deadlines.within(timeout_s, cursor.interrupt):
                    yield cursor
            except duckdb.InterruptException as error:
                raise CollectorUnavailable(
                    f"A query took longer than {timeout_s:g} seconds.",
                    hint="Ask for less, such as a shorter time: start_time > now() - interval 1 day",
                ) from error
            except FATAL as error:
                self._give_up(connection, error)
                raise CollectorUnavailable("The store has to be reopened.", hint="Try again in a moment.") from error
            finally:
                cursor.close()
        finally:
            self._readers.release()
            self.read_times.add(time.perf_counter() - started)

    def interrupt_reads(self) -> None:
        """End the queries that run; their readers get CollectorUnavailable."""
        self._deadlines.interrupt_all()

    def write(self, work: Callable[[duckdb.DuckDBPyConnection], Result], *, touches: Touched = None) -> Result:
        """Run `work` in one transaction; when this returns, it is on disk. Only the writer thread calls it.

        Args:
            touches: of which traces it changes spans or scores; None: it may be any.

        Raises:
            StoreReopened: the instance failed.
            CollectorUnavailable: the disk is full, or the like; nothing of it is stored.
        """
        started = time.perf_counter()
        cursor, connection = self._writing_cursor()
        doing = "BEGIN"
        try:
            cursor.execute("BEGIN")
            doing = "work"
            result = work(cursor)
            doing = "COMMIT"
            with self.trace_memory.changing(touches):
                cursor.execute("COMMIT")
            self.content.keep()
            return result
        except FATAL as error:
            self._give_up(connection, error)
            cursor.close()
            raise StoreReopened(error, committing=doing == "COMMIT") from error
        except BaseException as error:
            if doing == "work":
                cursor.execute("ROLLBACK")
            self._forget(cursor)
            if isinstance(error, PASSING):
                raise CollectorUnavailable(f"The store could not commit: {error}", hint="Send it again.") from error
            raise
        finally:
            self.content.forget()  # what was committed is kept by now
            self.write_times.add(time.perf_counter() - started)

    # Disk ---------------------------------------------------------------------------------------------------------

    def wal_bytes(self) -> int:
        try:
            return log_path(self.path).stat().st_size
        except FileNotFoundError:
            return 0

    def free_bytes(self) -> int:
        return shutil.disk_usage(self.path.parent).free

    def has_room(self) -> bool:
        """False when the disk is so full that the next batch might be the one that does not fit."""
        return self.free_bytes() >= FREE_BYTES_TO_INGEST + 2 * self.wal_bytes()

    def checkpoint_due(self, at_bytes: int) -> bool:
        """Whether it is time to move the log into the file, which it is at `at_bytes`, or sooner on a small disk."""
        return due(self.wal_bytes(), self.free_bytes(), at_bytes)

    def checkpoint(self) -> bool:
        """Move the write-ahead log into the file, if there is room for it; whether that was done.

        Raises:
            StoreReopened: it failed, and the instance with it. What was committed is in the log.
            CollectorUnavailable: it cannot be now, such as while a reader holds rows that were changed meanwhile.
        """
        wal, free = self.wal_bytes(), self.free_bytes()
        if wal == 0:
            return False
        if free < FREE_BYTES_TO_CHECKPOINT * wal:
            logger.warning("no checkpoint: %d bytes free, %d needed", free, FREE_BYTES_TO_CHECKPOINT * wal)
            return False
        cursor, connection = self._cursor()
        try:
            # An insert, not an update: DuckDB refuses a checkpoint while readers hold the version that an update
            # replaced.
            cursor.execute("INSERT INTO span_count_log SELECT count(*), now()::TIMESTAMP FROM span_log").fetchall()
            [(checkpoints,)] = cursor.execute("SELECT count(*) FROM span_count_log").fetchall()
            cursor.execute(f"SET max_vacuum_tasks = {merges(self.path.stat().st_size, checkpoints)}")
            cursor.execute("CHECKPOINT")
            return True
        except FATAL as error:
            self._give_up(connection, error)
            raise StoreReopened(error, committing=False) from error
        except PASSING as error:
            raise CollectorUnavailable(f"No checkpoint is possible now: {error}", hint="Try again later.") from error
        finally:
            cursor.close()

    def compact(self) -> None:
        """Move everything into a new file, without what was deleted. Nothing is written meanwhile; readers read on.

        Whatever moment the process dies at, one of the two files is whole and in its place.

        Raises:
            StoreError: there is no room for it.
            CollectorUnavailable: readers do not come to an end, or the log cannot be moved into the file first.
        """
        target = compact_path(self.path)
        try:
            if self.wal_bytes() and not self.checkpoint():
                raise CollectorUnavailable("There is no room for a checkpoint.", hint="Free some space.")
            cursor, _ = self._cursor()
            try:
                copy_database(cursor, target)
            finally:
                cursor.close()
            self._take_place(target)
        finally:
            shutil.rmtree(target.parent, ignore_errors=True)
        self.note_progress()

    def _take_place(self, new: Path) -> None:
        """Put the file `new` where the store's is, and go on with it."""
        with ExitStack() as turns:
            for _ in range(MAX_CONCURRENT_READS):
                if not self._readers.acquire(timeout=READ_WAIT_S):
                    raise CollectorUnavailable("Too many queries are running.", hint="Try again in a moment.")
                turns.callback(self._readers.release)
            with self._opening:
                self._disconnect()  # the next use opens it, whichever file is there then
                if self.wal_bytes():
                    raise CollectorUnavailable("Something was written meanwhile.", hint="Try again in a moment.")
                forget_manifest(self.path.parent)  # the new file has seen fewer checkpoints
                self._noted = None
                self._file.close()
                try:
                    new.replace(self.path)
                    _sync_directory(self.path.parent)
                finally:
                    self._file = DataFile(self.path)

    def note_progress(self) -> None:
        """Write down how far the store has come, for the checks of the next start."""
        with self._opening:
            checkpoint, log_bytes = self._file.header().checkpoint, self.wal_bytes()
            manifest = Manifest(self.store_id, MIGRATIONS[-1].version, checkpoint, log_bytes)
            if manifest != self._noted:
                write_manifest(self.path.parent, manifest)
                self._noted = manifest

    def _refuse_after_fork(self) -> None:
        # A forked child can read and write through the inherited connection, and so destroy the file.
        if os.getpid() != self._pid:
            raise StoreError("This process was forked from the collector's and cannot use its store.")


def due(wal: int, free: int, at_bytes: int) -> bool:
    """Whether a log of `wal` bytes should be moved into the file, with `free` bytes left on the disk."""
    # Spans take less room in the file than in the log: while a checkpoint still fits, it puts off the day when
    # nothing does.
    tight = free < FREE_BYTES_TO_INGEST + 2 * FREE_BYTES_TO_CHECKPOINT * wal
    if tight and wal >= FREE_BYTES_TO_INGEST // 4:
        return free >= FREE_BYTES_TO_CHECKPOINT * wal
    return wal >= at_bytes


def _known_content(connection: duckdb.DuckDBPyConnection) -> KnownContent:
    [(last,)] = connection.execute("SELECT coalesce(max(id), 0) FROM content").fetchall()
    return KnownContent(last + 1)


def _sync_directory(path: Path) -> None:
    if os.name == "nt":  # where directories cannot be opened, nor need be
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
