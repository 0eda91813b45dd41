"""The collectors that are measured side by side: how each is started, reached, counted and weighed."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import httpx

READY_WITHIN_S = 600  # peers import for minutes where other programs keep the machine busy
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
CPU_CLOCK = 2  # CPUCLOCK_SCHED of Linux: in the lowest bits of a process's clock


@dataclass(frozen=True, slots=True)
class System:
    """`stored` counts the spans in a data directory; while the system runs only where `countable_live`."""

    name: str
    command: Callable[[Path, int], list[str]]
    stored: Callable[[Path], int]
    countable_live: bool
    headers: dict[str, str] = field(default_factory=dict)
    environment: Callable[[Path, int], dict[str, str]] = lambda directory, port: {}


def _in_sqlite(name: str) -> Callable[[Path], int]:
    def count(directory: Path) -> int:
        with contextlib.closing(sqlite3.connect(f"file:{directory / name}?mode=ro", uri=True, timeout=30)) as db:
            [(number,)] = db.execute("SELECT count(*) FROM spans").fetchall()
        return int(number)

    return count


def _in_duckdb(directory: Path) -> int:
    with duckdb.connect(str(directory / "assay.duckdb")) as db:  # replays the log that a killed collector left
        [(number,)] = db.execute("SELECT count(*) FROM span_log").fetchall()
    return int(number)


def assay() -> System:
    return System(
        "Assay",
        lambda directory, port: [
            *(sys.executable, "-m", "assay", "serve", "--data-dir", str(directory)),
            *("--port", str(port), "--grpc-port", str(free_port())),
        ],
        _in_duckdb,
        countable_live=False,
    )


def phoenix(python: Path) -> System:
    return System(
        "Phoenix, SQLite",
        lambda directory, port: [str(python.parent / "phoenix"), "serve"],
        _in_sqlite("phoenix.db"),
        countable_live=True,
        environment=lambda directory, port: {
            "PHOENIX_PORT": str(port),
            "PHOENIX_HOST": "127.0.0.1",
            "PHOENIX_GRPC_PORT": str(free_port()),
            "PHOENIX_WORKING_DIR": str(directory),
            "PHOENIX_TELEMETRY_ENABLED": "false",
        },
    )


def mlflow(python: Path) -> System:
    return System(
        "MLflow, SQLite",
        lambda directory, port: [
            *(str(python), "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)),
            *("--backend-store-uri", f"sqlite:///{directory / 'mlflow.db'}"),
            *("--default-artifact-root", str(directory / "artifacts")),
            *("--uvicorn-opts", "--timeout-worker-healthcheck 600"),  # else slow machines end its workers as they start
        ],
        _in_sqlite("mlflow.db"),
        countable_live=True,
        headers={"x-mlflow-experiment-id": "0"},
        environment=lambda directory, port: {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"},
    )


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@dataclass(slots=True)
class Running:
    """A started system. Its processes are those of its session, workers included."""

    system: System
    directory: Path
    url: str
    process: subprocess.Popen[bytes]
    ready_s: float

    def cpu_s(self) -> float:
        return sum(_cpu_s(pid, fields) for pid, fields in self._processes())

    def memory_mb(self) -> float:
        return sum(int(fields[21]) for _, fields in self._processes()) * PAGE_BYTES / 1024**2

    def _processes(self) -> Iterator[tuple[int, list[str]]]:
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):  # it ended in the meantime
                    fields = (entry / "stat").read_text().rpartition(")")[2].split()
                    if int(fields[3]) == self.process.pid:
                        yield int(entry.name), fields

    def kill(self) -> None:
        """As `kill -9` would, all of it."""
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError, ProcessLookupError):
                    fields = (entry / "stat").read_text().rpartition(")")[2].split()
                    if int(fields[3]) == self.process.pid:
                        os.kill(int(entry.name), signal.SIGKILL)
        self.process.wait()


def _cpu_s(pid: int, fields: list[str]) -> float:
    """Of a process and of the children that it has waited for, by its line in /proc; its own by its clock, where the
    system lets others read it: that counts nanoseconds, not ticks.
    """
    own, waited_for = (sum(map(int, fields[first : first + 2])) / TICKS_PER_S for first in (11, 13))
    with contextlib.suppress(OSError):
        own = time.clock_gettime(~pid << 3 | CPU_CLOCK)
    return own + waited_for


@contextlib.contextmanager
def running(system: System, directory: Path) -> Iterator[Running]:
    """Start the system over an empty directory and wait until it answers."""
    port = free_port()
    started = time.perf_counter()
    with open(directory / "log.txt", "wb") as log:
        process = subprocess.Popen(
            system.command(directory, port),
            env={**os.environ, **system.environment(directory, port)},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    found = Running(system, directory, f"http://127.0.0.1:{port}", process, 0.0)
    try:
        while not _answers(found):
            if process.poll() is not None or time.perf_counter() - started > READY_WITHIN_S:
                raise RuntimeError(f"{system.name} did not start:\n{(directory / 'log.txt').read_text()[-2000:]}")
            time.sleep(0.02)
        found.ready_s = time.perf_counter() - started
        yield found
    finally:
        found.kill()


def _answers(found: Running) -> bool:
    headers = {"content-type": "application/x-protobuf", **found.system.headers}
    try:
        answer = httpx.post(f"{found.url}/v1/traces", content=b"", headers=headers, timeout=5, trust_env=False)
    except httpx.TransportError:
        return False
    return answer.status_code < 500
