"""Kept answers: one SQLite file under the data directory, for all threads and processes that use it.

It is a cache: whatever goes wrong with it is told once, and costs a call to a model, never a run. A file that is
damaged, or of another format, is removed and begun anew.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

from assay.evaluation.gateway.keys import FORMAT

logger = logging.getLogger("assay")
T = TypeVar("T")

FILE = Path("cache") / "answers.db"
BUSY_S = 10.0  # for as long another process may write; then the answer is not kept
USED_AGAIN_S = 3600.0  # how exactly it is known when an answer was last used: each note of it is a write
WAL_BYTES = 2 * 1024**2  # of the file beside it that writes go to first, once it has been taken over
ROOM = 0.9  # of the largest size is left after making room

COLUMNS = ["key", "value", "used_at"]
SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL,  -- JSON
    used_at REAL NOT NULL  -- seconds since the epoch
);
CREATE INDEX IF NOT EXISTS answers_by_use ON answers (used_at);
"""


class AnswerCache:
    """Answers by key. Every method may be called from any thread, and raises nothing."""

    def __init__(self, path: Path, *, max_bytes: int, clock: Callable[[], float] = time.time) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._clock = clock
        self._lock = threading.Lock()
        self._db: sqlite3.Connection | None = None
        self._told = False

    def get(self, key: str) -> dict[str, Any] | None:
        """The answer that was kept under `key`."""
        return self._guarded(lambda db: self._get(db, key))

    def put(self, key: str, value: Mapping[str, Any]) -> None:
        """Keep `value`, in place of what there was."""
        text = json.dumps(value)
        self._guarded(lambda db: self._put(db, key, text))

    def close(self) -> None:
        with self._lock:
            self._close()

    def _get(self, db: sqlite3.Connection, key: str) -> dict[str, Any] | None:
        found = db.execute("SELECT value, used_at FROM answers WHERE key = ?", (key,)).fetchone()
        if found is None:
            return None
        text, used_at = found
        now = self._clock()
        if now - used_at > USED_AGAIN_S:
            db.execute("UPDATE answers SET used_at = ? WHERE key = ?", (now, key))
        try:
            value = json.loads(text)
        except (TypeError, ValueError):
            return None
        return value if isinstance(value, dict) else None

    def _put(self, db: sqlite3.Connection, key: str, text: str) -> None:
        size = len(text)
        if size > self._max_bytes / 4:
            return
        if _used_bytes(db) + size > self._max_bytes:
            self._make_room(db, size)
        db.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?)", (key, text, self._clock()))

    def _make_room(self, db: sqlite3.Connection, size: int) -> None:
        """Those go that were not used for longest. The file keeps its size, and the room in it is used again."""
        wanted = self._max_bytes * ROOM - size
        while (used := _used_bytes(db)) > wanted:
            kept = db.execute("SELECT count(*) FROM answers").fetchone()[0]
            if not kept:
                return
            going = max(1, int(kept * (1 - wanted / used)))
            oldest = "SELECT key FROM answers ORDER BY used_at LIMIT ?"
            db.execute(f"DELETE FROM answers WHERE key IN ({oldest})", (going,))

    def _guarded(self, use: Callable[[sqlite3.Connection], T]) -> T | None:
        """`use` the file; a damaged one is begun anew, once."""
        with self._lock:
            for may_begin_anew in (True, False):
                try:
                    return self._patiently(use)
                except (sqlite3.DatabaseError, OSError) as error:
                    self._close()
                    if not may_begin_anew or not _is_damage(error):
                        self._tell(f"cannot be used ({error}); calls go on without it")
                        return None
                    self._begin_anew(error)
        return None

    def _patiently(self, use: Callable[[sqlite3.Connection], T]) -> T:
        """SQLite waits for other writers, but not for others that are just opening or closing the file."""
        deadline = time.monotonic() + BUSY_S
        while True:
            try:
                return use(self._connection())
            except sqlite3.OperationalError as error:
                busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not busy or time.monotonic() > deadline:
                    raise
            time.sleep(0.01)

    def _connection(self) -> sqlite3.Connection:
        if self._db is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._db = _connected(self.path)
        return self._db

    def _close(self) -> None:
        if self._db is not None:
            self._db.close()
        self._db = None

    def _begin_anew(self, error: Exception) -> None:
        """Unless another process has done so meanwhile."""
        try:
            with closing(_connected(self.path)) as db:
                if db.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok":
                    return
        except sqlite3.Error:
            pass  # damaged, as was seen
        self._tell(f"was damaged ({error}) and is begun anew")
        for name in (self.path.name, f"{self.path.name}-wal", f"{self.path.name}-shm"):
            self.path.with_name(name).unlink(missing_ok=True)

    def _tell(self, what: str) -> None:
        if not self._told:
            self._told = True
            logger.warning("The kept answers of models in %s: the file %s.", self.path, what)


class _OtherFormat(sqlite3.DatabaseError):
    """Written by another version."""


def _connected(path: Path) -> sqlite3.Connection:
    """A connection in which every statement is a transaction of its own.

    Raises:
        sqlite3.DatabaseError: it is no such file.
    """
    db = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")  # the last answers may be lost with the machine, not the file
        db.execute(f"PRAGMA journal_size_limit = {WAL_BYTES}")
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, FORMAT):
            raise _OtherFormat(f"format {version}, not {FORMAT}")
        if version != FORMAT:
            db.executescript(f"BEGIN IMMEDIATE; {SCHEMA} PRAGMA user_version = {FORMAT}; COMMIT;")
        columns = [name for _, name, *_ in db.execute("PRAGMA table_info(answers)")]
        if columns != COLUMNS:
            raise _OtherFormat(f"columns {columns}, not {COLUMNS}")
    except BaseException:
        db.close()
        raise
    return db


def _is_damage(error: Exception) -> bool:
    """Not a disk that is full, a place that cannot be written, or another's lock that lasts."""
    return isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError)


def _used_bytes(db: sqlite3.Connection) -> int:
    page_size, pages, free = (
        db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_size", "page_count", "freelist_count")
    )
    return int(page_size * (pages - free))


_open: dict[tuple[Path, int, int], AnswerCache] = {}


def answer_cache(data_dir: Path, max_bytes: int) -> AnswerCache:
    """The one for this data directory in this process: SQLite's connections, and locks, do not survive a fork."""
    path = data_dir.absolute() / FILE
    return _open.setdefault((path, max_bytes, os.getpid()), AnswerCache(path, max_bytes=max_bytes))
