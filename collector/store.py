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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import duckdb

from assay.collector.migrations import migrate
from assay.errors import CollectorUnavailable, StoreDamaged, StoreError, StoreLocked

logger = logging.getLogger("assay.collector")

STORE_FILE = "assay.duckdb"
CHECKPOINT_AT_BYTES = 64 * 1024**2  # of write-ahead log
FREE_BYTES_TO_CHECKPOINT = 3  # times the log's size: a checkpoint writes it once more, beside what is there
FREE_BYTES_TO_INGEST = 8 * 1024**2  # plus twice the log's size
MAX_CONCURRENT_READS = 2  # more readers than cores starve the writer
READ_WAIT_S = 10.0

Result = TypeVar("Result")


class SpanStore:
    """Owns assay.duckdb. `write` is for the one writer thread; `read` for any thread of this process."""

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
        self._opening = threading.Lock()
        self._refuse_what_would_open_empty()
        self._connection = self._connect()
        migrate(self._connection)
        self._refuse_fewer_spans_than_there_were()

    # Opening ------------------------------------------------------------------------------------------------------

    def _refuse_what_would_open_empty(self) -> None:
        # DuckDB takes a missing or empty file for a new database, and then a log full of spans is gone without a word.
        wal = self._wal_path
        if not self.path.exists() and wal.exists() and wal.stat().st_size > 0:
            raise StoreDamaged(
                f"{self.path} is missing, but its write-ahead log {wal.name} holds data.",
                hint="Restore the file from a backup, or move the log aside to start empty. Nothing was changed.",
            )
        if self.path.exists() and self.path.stat().st_size == 0:
            raise StoreDamaged(
                f"{self.path} is an empty file.",
                hint="Restore it from a backup, or move it aside to start empty. Nothing was changed.",
            )

    def _connect(self) -> duckdb.DuckDBPyConnection:
        try:
            connection = duckdb.connect(
                str(self.path),
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
            return connection
        except duckdb.Error as error:
            if (
                "lock" in str(error).lower()
            ):  # ours is free: some other program, such as DuckDB's own, has the file open
                raise StoreLocked(
                    f"{self.path} is open in another program: {error}", hint="Close that one and try again."
                ) from error
            raise StoreDamaged(
                f"{self.path} cannot be opened: {error}",
                hint="Restore it from a backup, or move it and its .wal aside to start empty. Nothing was changed.",
            ) from error

    def _refuse_fewer_spans_than_there_were(self) -> None:
        counted = self._connection.execute(
            "SELECT span_count FROM span_count_log ORDER BY counted_at DESC LIMIT 1"
        ).fetchall()
        [(there,)] = self._connection.execute("SELECT count(*) FROM span_log").fetchall()
        if counted and there < counted[0][0]:
            self._connection.close()
            raise StoreDamaged(
                f"{self.path} holds {there} spans, but held {counted[0][0]} at its last checkpoint.",
                hint="Restore it from a backup. Nothing was changed.",
            )

    def close(self) -> None:
        """Checkpoint where that is possible, and let go of the file; the log keeps what a checkpoint could not move."""
        try:
            self.checkpoint()
        except duckdb.Error:
            logger.exception("no checkpoint at the end; the write-ahead log is replayed at the next start")
        self._connection.close()

    def reopen(self) -> None:
        """Start over with a new instance after a fatal error; what was committed is all there."""
        with self._opening:
            logger.warning("reopening %s after a fatal error", self.path)
            self._connection.close()
            self._connection = self._connect()

    # Use ----------------------------------------------------------------------------------------------------------

    @contextmanager
    def read(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor of one's own, for SELECTs. At most two at once; further readers wait their turn.

        Raises:
            CollectorUnavailable: no turn came within ten seconds.
        """
        self._refuse_after_fork()
        if not self._readers.acquire(timeout=READ_WAIT_S):
            raise CollectorUnavailable("Too many queries are running.", hint="Try again in a moment.")
        try:
            cursor = self._connection.cursor()
            try:
                yield cursor
            finally:
                cursor.close()
        finally:
            self._readers.release()

    def write(self, work: Callable[[duckdb.DuckDBPyConnection], Result]) -> Result:
        """Run `work` in one transaction; when this returns, it is on disk. Only the writer thread calls it.

        Raises:
            CollectorUnavailable: the disk is full or the store had to be reopened; nothing of it counts as stored.
        """
        self._refuse_after_fork()
        cursor = self._connection.cursor()
        try:
            cursor.execute("BEGIN")
            result = work(cursor)
            cursor.execute("COMMIT")
            return result
        except duckdb.FatalException as error:
            self.reopen()
            raise CollectorUnavailable(f"The store had to be reopened: {error}", hint="Send it again.") from error
        except duckdb.TransactionException as error:
            raise CollectorUnavailable(f"The store could not commit: {error}", hint="Send it again.") from error
        except BaseException:
            cursor.execute("ROLLBACK")
            raise
        finally:
            cursor.close()

    # Disk ---------------------------------------------------------------------------------------------------------

    @property
    def _wal_path(self) -> Path:
        return self.path.with_name(self.path.name + ".wal")

    def wal_bytes(self) -> int:
        return self._wal_path.stat().st_size if self._wal_path.exists() else 0

    def has_room(self) -> bool:
        """False when the disk is so full that the next batch might be the one that does not fit."""
        return shutil.disk_usage(self.path.parent).free >= FREE_BYTES_TO_INGEST + 2 * self.wal_bytes()

    def checkpoint(self, *, at_least_bytes: int = 1) -> bool:
        """Move the write-ahead log into the file, if there is enough of it and room for it; whether that was done."""
        wal = self.wal_bytes()
        free = shutil.disk_usage(self.path.parent).free
        if wal < at_least_bytes:
            return False
        if free < FREE_BYTES_TO_CHECKPOINT * wal:
            logger.warning("no checkpoint: %d bytes free, %d needed", free, FREE_BYTES_TO_CHECKPOINT * wal)
            return False
        self._refuse_after_fork()
        cursor = self._connection.cursor()
        try:
            # An insert, not an update: DuckDB refuses a checkpoint while readers hold the version that an update
            # replaced.
            cursor.execute("INSERT INTO span_count_log SELECT count(*), now()::TIMESTAMP FROM span_log").fetchall()
            cursor.execute("CHECKPOINT")
            return True
        finally:
            cursor.close()

    def _refuse_after_fork(self) -> None:
        # A forked child can read and write through the inherited connection, and so destroy the file.
        if os.getpid() != self._pid:
            raise StoreError("This process was forked from the collector's and cannot use its store.")
