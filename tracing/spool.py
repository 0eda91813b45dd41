"""Requests kept on disk while the collector is away: a directory that several processes share.

Each request is a file of its own, written under another name first and then renamed: who reads it sees all of it or
nothing. Length and checksum stand in the name, so the content is a plain OTLP request, which `assay import` takes too.
Names sort by the time of the request. Whoever sends holds a lock (`flock`) while it does, for one request at a time; a
process that dies lets go of it. Files are not fsynced: they outlive the process, not a power cut, which may tear them.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import re
import threading
import time
import weakref
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assay.settings import Settings
from assay.tracing.requests import Request
from assay.tracing.tell import say_once

try:
    import fcntl
except ImportError:  # Windows: two processes may send the same request, which the collector notices
    fcntl = None  # type: ignore[assignment]

SIZE_BELIEVED_FOR_S = 2.0
INTERRUPTED_FOR_S = 0.2  # a signal may have interrupted who writes, and its handler waits for us
TEMPORARY_FOR_S = 3600.0  # what a killed process was writing is removed after that
NAME = re.compile(r"(?P<stamp>\d{20})-\d+-\d+\.(?P<count>\d+)s\.(?P<length>\d+)b\.(?P<crc>[0-9a-f]{8})\.otlp")


class SpoolUnusable(Exception):
    """Nothing can be kept on disk now; the message says why."""


def spool_directory(settings: Settings) -> Path:
    """One directory for each project and endpoint, so that nothing goes where it was not meant to go."""
    target = f"{(settings.endpoint or '').rstrip('/')}\n{settings.project}"
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", settings.project)[:40].strip(".-")
    return settings.data_dir / "spool" / f"{name}-{hashlib.sha256(target.encode()).hexdigest()[:12]}"


@dataclass(slots=True)
class Spooled:
    """A request in the hands of this process: nobody else sends it meanwhile."""

    path: Path
    request: Request


class Spool:
    """The requests that wait in one directory. `put` and the rest may be called from different threads."""

    def __init__(self, directory: Path, *, max_bytes: int) -> None:
        self.directory = directory
        self.max_bytes = max_bytes
        self._numbers = itertools.count()
        self._size, self._size_at = 0, -SIZE_BELIEVED_FOR_S
        self._putting = threading.Lock()  # else what one thread writes is counted by another, and then once more
        self._lock_fd: int | None = None
        _spools.add(self)

    def put(self, request: Request) -> Path:
        """Keep a request.

        Raises:
            SpoolUnusable: there is no room for it, or no directory to write to.
        """
        putting = self._putting
        is_mine = putting.acquire(timeout=INTERRUPTED_FOR_S)
        try:
            return self._put(request)
        finally:
            if is_mine:
                putting.release()

    def _put(self, request: Request) -> Path:
        if self._size_now() + len(request) > self.max_bytes:
            raise SpoolUnusable(f"{self.directory} is full: ASSAY_SPOOL_MAX_BYTES is {self.max_bytes}")
        # the number tells apart what one process makes in one nanosecond, the process what two do
        name = (
            f"{request.stamp:020d}-{os.getpid()}-{next(self._numbers)}.{request.count}s.{len(request)}b."
            f"{zlib.crc32(request.body):08x}.otlp"
        )
        path = self.directory / name
        try:
            self._make_directory()
            _write(path, request.body)
        except OSError as error:
            raise SpoolUnusable(f"{self.directory} cannot be written ({error.strerror or error})") from error
        self._size += len(request)
        return path

    def waiting(self) -> list[str]:
        """Names of the requests there are, oldest first."""
        return sorted(entry.name for entry in self._entries() if NAME.fullmatch(entry.name))

    @contextlib.contextmanager
    def sending(self) -> Iterator[bool]:
        """Be the only process that sends from here, if no other is; whether it is so."""
        if fcntl is None:
            yield True
            return
        try:
            fd = os.open(self.directory / "LOCK", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            yield False
            return
        self._lock_fd = fd
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield True
        finally:
            if self._lock_fd == fd:  # not in a child that was forked meanwhile
                self._lock_fd = None
                fcntl.flock(fd, fcntl.LOCK_UN)  # a child forked meanwhile may still have it open
                os.close(fd)

    def read(self, name: str) -> Request | None:
        """A request; None when it is gone, or damaged and set aside."""
        match = NAME.fullmatch(name)
        path = self.directory / name
        if match is None:
            return None
        try:
            body = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            self._set_aside(path, f"it cannot be read ({error.strerror or error})")
            return None
        if len(body) != int(match["length"]) or zlib.crc32(body) != int(match["crc"], 16):
            self._set_aside(path, "it is not as it was written")
            return None
        return Request(body, int(match["count"]), int(match["stamp"]))

    def remove(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            (self.directory / name).unlink()

    def sweep(self) -> None:
        """Remove what processes that were killed have begun to write."""
        before = time.time() - TEMPORARY_FOR_S
        for entry in self._entries():
            with contextlib.suppress(OSError):
                if entry.name.endswith(".tmp") and entry.stat().st_mtime < before:
                    os.unlink(entry)

    def _set_aside(self, path: Path, why: str) -> None:
        say_once(
            f"damaged:{path.name}",
            "A file of waiting spans is set aside, because %s: %s.damaged",
            why,
            path,
        )
        with contextlib.suppress(OSError):
            path.rename(f"{path}.damaged")

    def _make_directory(self) -> None:
        self.directory.parent.mkdir(parents=True, exist_ok=True)
        if not self.directory.is_dir():
            self.directory.mkdir(mode=0o700, exist_ok=True)
            self.directory.chmod(0o700)  # whatever the umask is

    def _size_now(self) -> int:
        now = time.monotonic()
        if now - self._size_at >= SIZE_BELIEVED_FOR_S:
            self._size_at, self._size = (
                now,
                sum(_size(entry) for entry in self._entries() if not entry.name.endswith(".damaged")),
            )
        return self._size

    def _entries(self) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self.directory) as entries:
                return list(entries)
        except OSError:
            return []

    def _forget_locks(self) -> None:
        """In a forked child: while it holds the parent's file open, the parent's lock would outlive the parent; and a
        thread that is gone may hold the other.
        """
        self._putting = threading.Lock()
        fd, self._lock_fd = self._lock_fd, None
        if fd is not None:
            with contextlib.suppress(OSError):
                os.close(fd)


def _write(path: Path, body: bytes) -> None:
    temporary = f"{path}.tmp"
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        try:
            left = memoryview(body)
            while left:
                left = left[os.write(fd, left) :]
        finally:
            os.close(fd)
        os.rename(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat().st_size
    except OSError:  # sent meanwhile
        return 0


_spools: weakref.WeakSet[Spool] = weakref.WeakSet()


def _after_fork() -> None:
    for each in list(_spools):
        each._forget_locks()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
