"""One process owns a data directory. A lock of our own, because DuckDB's cannot be trusted alone.

DuckDB locks its file with fcntl: that lock vanishes as soon as the owner itself opens and closes the file, and a forked
child inherits the connection unlocked. `flock` belongs to the open file instead, so it holds until this object lets go.
A forked child would hold it as well, and so keep it after its parent has gone: it closes its copy at once.
"""

from __future__ import annotations

import os
import weakref
from pathlib import Path
from typing import IO

from assay.errors import StoreLocked

try:
    import fcntl
except ImportError:  # Windows: msvcrt locks a byte range of the file, with the same meaning here
    fcntl = None  # type: ignore[assignment]
    import msvcrt

LOCK_FILE = "LOCK"

_held: weakref.WeakSet[DirectoryLock] = weakref.WeakSet()


class DirectoryLock:
    """Held from construction until `release`."""

    def __init__(self, data_dir: Path) -> None:
        """Take the lock of `data_dir`.

        Raises:
            StoreLocked: another process has it; the message names its pid.
        """
        self._path = data_dir / LOCK_FILE
        self._file: IO[str] | None = open(self._path, "a+", encoding="ascii")  # noqa: SIM115 - held open on purpose
        try:
            _lock(self._file)
        except OSError as error:
            owner = self._read_owner()
            self._file.close()
            raise StoreLocked(
                f"The data directory {data_dir} is in use by another process (pid {owner}).",
                hint="Stop that one, or choose another directory with --data-dir.",
            ) from error
        self._file.seek(0)
        self._file.truncate()
        self._file.write(str(os.getpid()))
        self._file.flush()
        _held.add(self)

    def release(self) -> None:
        """Let go. The file stays: removing it would let two processes lock two different files of the same name."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _read_owner(self) -> str:
        assert self._file is not None
        self._file.seek(0)
        return self._file.read().strip() or "unknown"


def lock_holder(data_dir: Path) -> str | None:
    """Pid of the process that holds the lock of `data_dir`; None when nobody does."""
    try:
        with open(data_dir / LOCK_FILE, "r+", encoding="ascii") as file:
            try:
                _lock(file)
            except OSError:
                file.seek(0)
                return file.read().strip() or "unknown"
    except FileNotFoundError:
        return None
    return None


def _lock(file: IO[str]) -> None:
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    else:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)


def _let_go_in_child() -> None:
    for lock in list(_held):
        lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go_in_child)
