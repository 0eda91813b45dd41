"""Copying a DuckDB file as it is at one moment: for backups, and to give free bytes back to the disk.

A DuckDB file hardly ever shrinks: what was deleted stays in its free blocks until they are used again, and every
checkpoint begins blocks that it does not fill. Copying every table into a new file leaves both behind.

A checkpoint can also merge small pieces of a table into larger ones, which makes a small store twice as large as what
is in it, since all of it is then one piece that stands there twice. So a small store is copied instead, which takes a
moment; a large one merges, a little now and then.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import duckdb

from assay.errors import StoreError

COMPACT_DIRECTORY = "compact"
SMALL_BYTES = 128 * 1024**2  # a file up to here is copied in a second or two, and so whenever it is worth a little
LARGE_BYTES = 512 * 1024**2  # a file up to here is not much more than what a checkpoint would merge at once
COMPACT_ABOVE_BYTES = 2 * 1024**2  # what is wasted; less is not worth the work
COMPACT_SMALL_WHEN_WASTED = 0.1
COMPACT_MIDDLE_WHEN_WASTED = 0.25
COMPACT_LARGE_WHEN_FREE = 0.5
WASTED_BY_CHECKPOINT_BYTES = 512 * 1024  # about: two blocks, since tables of a row each stand in them as well
MERGE_EVERY_CHECKPOINTS = 8
MERGES_AT_ONCE = 2  # each writes some 120,000 rows anew, while nobody else may write
CHECKPOINT_WITHIN_S = 30.0
ROOM = 1.1  # times the bytes in use: what must be free on the disk for a copy


def copy_database(cursor: duckdb.DuckDBPyConnection, target: Path) -> int:
    """Copy everything, as it is at one moment, into a new file; its number of spans. Writers go on meanwhile.

    Raises:
        StoreError: there is no room for it.
    """
    [(source,)] = cursor.execute("SELECT current_database()").fetchall()
    used, _ = space(cursor)
    free = shutil.disk_usage(target.parent).free
    if free < ROOM * used:
        raise StoreError(
            f"A copy of the store needs {int(ROOM * used)} bytes in {target.parent}; {free} are free.",
            hint="Free some space, or choose another disk.",
        )
    alias = f"copy_{os.urandom(4).hex()}"
    cursor.execute(f"ATTACH '{_quoted(target)}' AS {alias} (STORAGE_VERSION 'v1.5.0')")
    try:
        cursor.execute("BEGIN")
        try:
            cursor.execute(f'COPY FROM DATABASE "{source}" TO {alias}')
            [(spans,)] = cursor.execute("SELECT count(*) FROM span_log").fetchall()
            cursor.execute("COMMIT")
        except BaseException:
            cursor.execute("ROLLBACK")
            raise
        _checkpoint(cursor, alias)
        [(copied,)] = cursor.execute(f"SELECT count(*) FROM {alias}.span_log").fetchall()
    finally:
        cursor.execute(f"DETACH {alias}")
    if copied != spans:
        raise StoreError(f"The copy {target} has {copied} spans, not {spans}.")
    _sync(target)
    return int(spans)


def _checkpoint(cursor: duckdb.DuckDBPyConnection, alias: str) -> None:
    """A checkpoint waits for nobody: it fails where another transaction has the database in view just then."""
    deadline = time.monotonic() + CHECKPOINT_WITHIN_S
    while True:
        try:
            cursor.execute(f"CHECKPOINT {alias}")
            return
        except duckdb.TransactionException:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def space(cursor: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """Bytes of the file in use, and bytes of it that are free."""
    [(block, used, free)] = cursor.execute(
        "SELECT block_size, used_blocks, free_blocks FROM pragma_database_size() "
        "WHERE database_name = current_database()"
    ).fetchall()
    return block * used, block * free


def worth_compacting(used: int, free: int, *, checkpoints: int, deleted: float) -> bool:
    """Whether a copy would be so much smaller.

    Args:
        checkpoints: how many there were since the last copy.
        deleted: of all spans, how many were deleted since then. Some may still be in blocks that are in use.
    """
    size = used + free
    unused = free + checkpoints * WASTED_BY_CHECKPOINT_BYTES
    if size <= SMALL_BYTES:
        return unused + deleted * used >= max(COMPACT_ABOVE_BYTES, COMPACT_SMALL_WHEN_WASTED * size)
    if size <= LARGE_BYTES:
        return unused >= COMPACT_MIDDLE_WHEN_WASTED * size
    return free >= COMPACT_LARGE_WHEN_FREE * size


def merges(file_bytes: int, checkpoints: int) -> int:
    """How much the checkpoint of this number may merge, as DuckDB's `max_vacuum_tasks` counts it."""
    return MERGES_AT_ONCE if file_bytes > LARGE_BYTES and checkpoints % MERGE_EVERY_CHECKPOINTS == 0 else 0


def compact_path(store: Path) -> Path:
    """Where the new file is made: an empty directory beside the store, without anything an interrupted try left."""
    directory = store.with_name(COMPACT_DIRECTORY)
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    return directory / store.name


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
