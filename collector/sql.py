"""SQL for people: one SELECT over the export of one project, in a process of its own that ends with it.

Starting Python and DuckDB takes about half a second, so once there was a statement a process waits ready for the next
one, and runs only that. The wall clock is kept here, by SIGKILL: nothing inside a process can promise to stop.
"""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import orjson

from assay.errors import CollectorUnavailable, InvalidRequest, StoreError

logger = logging.getLogger("assay.collector")

COMMAND = (sys.executable, "-I", "-m", "assay.collector.sql_child")
TIMEOUT_S = 5.0
MAX_ANSWER_BYTES = 32 * 1024**2
MAX_CONCURRENT = 2
WAIT_S = 10.0
START_WITHIN_S = 20.0
IDLE_S = 120.0  # how long a process waits ready for a statement


class Sandbox:
    """Runs statements, two at a time. Any thread may use it."""

    def __init__(self, *, timeout_s: float = TIMEOUT_S, command: Sequence[str] = COMMAND) -> None:
        self.timeout_s = timeout_s
        self._command = tuple(command)
        self._turns = threading.BoundedSemaphore(MAX_CONCURRENT)
        self._guard = threading.Lock()
        self._ready: subprocess.Popen[bytes] | None = None
        self._ready_since = 0.0
        self._closed = False

    def run(self, sql: str, *, directory: Path, views: Mapping[str, Sequence[Path]], limit: int) -> dict[str, Any]:
        """Columns, rows, whether there were more, and how long it took.

        Args:
            directory: holds the files of all `views`, and nothing that the asker may not see.

        Raises:
            InvalidRequest: the statement is refused, wrong, or takes too long or too much memory.
            CollectorUnavailable: too many statements are running.
            FileNotFoundError: a file of the views is there no more.
        """
        if not self._turns.acquire(timeout=WAIT_S):
            raise CollectorUnavailable("Too many SQL statements are running.", hint="Try again in a moment.")
        try:
            request = {
                "sql": sql,
                "limit": limit,
                "max_bytes": MAX_ANSWER_BYTES,
                "seconds": self.timeout_s,
                "directory": f"{directory}/",
                "views": {name: [str(path) for path in paths] for name, paths in views.items()},
            }
            process = self._take()
            started = time.monotonic()
            answer = self._ask(process, json.dumps(request).encode() + b"\n")
            return {**answer, "elapsed_ms": round((time.monotonic() - started) * 1000, 1)}
        finally:
            self._turns.release()
            self._prepare()

    def rest(self) -> None:
        """End the process that waits ready, if it has waited long; called now and then."""
        with self._guard:
            old = self._ready is not None and time.monotonic() - self._ready_since > IDLE_S
        if old:
            self._discard()

    def close(self) -> None:
        """End the process that waits ready; none is made ready any more."""
        self._closed = True
        self._discard()

    def _take(self) -> subprocess.Popen[bytes]:
        with self._guard:
            process, self._ready = self._ready, None
        if process is not None and process.poll() is None:
            return process
        if process is not None:
            _end(process)
        return self._start()

    def _discard(self) -> None:
        with self._guard:
            process, self._ready = self._ready, None
        if process is not None:
            _end(process)

    def _prepare(self) -> None:
        with self._guard:
            if self._ready is None and not self._closed:
                self._ready, self._ready_since = self._start(), time.monotonic()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env={},
            cwd="/",
            start_new_session=True,  # Ctrl-C in the terminal is the collector's to handle
        )

    def _ask(self, process: subprocess.Popen[bytes], request: bytes) -> dict[str, Any]:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            with _killed_after(process, START_WITHIN_S):
                ready = process.stdout.readline()
            with _killed_after(process, self.timeout_s):
                process.stdin.write(request)
                process.stdin.close()
                output = _read_all(process.stdout, MAX_ANSWER_BYTES * 2)
        except OSError:
            ready, output = b"", b""
        finally:
            _end(process)
        if not ready:
            raise StoreError("The process for SQL could not be started.", hint="The collector's log may say why.")
        return _answer(output, process.returncode, self.timeout_s)


@contextmanager
def _killed_after(process: subprocess.Popen[bytes], seconds: float) -> Iterator[None]:
    killer = threading.Timer(seconds, process.kill)
    killer.daemon = True
    killer.start()
    try:
        yield
    finally:
        killer.cancel()


def _answer(output: bytes, status: int, timeout_s: float) -> dict[str, Any]:
    """What a process said, or what its silence means."""
    try:
        answer: dict[str, Any] = orjson.loads(output)
    except ValueError:
        if status in (-signal.SIGKILL, -signal.SIGXCPU):
            raise InvalidRequest(
                f"The statement took longer than {timeout_s:g} seconds.",
                hint="Ask for less: a shorter time, fewer columns.",
            ) from None
        raise InvalidRequest(
            "The statement needs more memory or time than it may have.",
            hint="Ask for less: a shorter time, fewer columns.",
        ) from None
    if missing := answer.get("missing"):
        raise FileNotFoundError(missing[0])
    if "failed" in answer:
        logger.error("a SQL statement could not be answered: %s", answer["failed"])
        raise StoreError("The collector failed on this statement.", hint="Its log says why.")
    if "refused" in answer:
        raise InvalidRequest(answer["refused"], hint=answer.get("hint"))
    return answer


def _read_all(pipe: IO[bytes], most: int) -> bytes:
    read = bytearray()
    while len(read) < most and (chunk := pipe.read(1024**2)):
        read += chunk
    return bytes(read)


def _end(process: subprocess.Popen[bytes]) -> None:
    # Waited for first, so that a process which ended by itself tells how.
    try:
        process.wait(timeout=0.05)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None and not pipe.closed:
            pipe.close()
