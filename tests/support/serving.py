"""The collector as people run it: `assay serve` in a process of its own, to be killed, stopped and measured."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

MUTANT = "CHAOS_MUTANT"
MUTANTS = Path(__file__).parents[1] / "chaos" / "mutants.py"


def command() -> list[str]:
    """`assay`; or, where the environment names a mutant, that one: the suite must fail with it."""
    mutant = os.environ.get(MUTANT)
    return [sys.executable, str(MUTANTS), mutant] if mutant else [sys.executable, "-m", "assay"]


class Serving:
    """`assay serve` over a data directory; starts at once, and may be killed and started again."""

    def __init__(
        self,
        data_dir: Path,
        *,
        env: Mapping[str, str] | None = None,
        program: Sequence[str] | None = None,
        port: int = 0,
    ) -> None:
        """
        Args:
            program: another one than `assay`, that takes the same arguments.
            port: where it listens, after each start; 0 takes a free one.
        """
        self._port = port
        self.data_dir = data_dir
        self._env = {**os.environ, **(env or {})}
        self._program = list(program or command())
        self.ready_after_s = 0.0
        self.url = ""
        self.start()

    def start(self) -> None:
        """Returns when it is ready; how long that took is in `ready_after_s`."""
        began = time.monotonic()
        self._log = (self.data_dir.parent / "serve.log").open("ab")
        self.process = subprocess.Popen(
            [*self._program, "serve", "--data-dir", str(self.data_dir), "--port", str(self._port)],
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=self._env,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.ready_after_s = time.monotonic() - began
        assert line, f"it did not start:\n{self.log()}"
        self.url = json.loads((self.data_dir / "collector.json").read_text())["url"]

    def log(self) -> str:
        return (self.data_dir.parent / "serve.log").read_text(errors="replace")

    def kill(self) -> None:
        """`kill -9`."""
        self.process.kill()
        self._reap()

    def stop(self, within_s: float = 30.0) -> tuple[int, float]:
        """SIGTERM; the exit status, and after how many seconds."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(within_s * patience())
        self._reap()
        return status, time.monotonic() - began

    def rss_mb(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) / 1024

    def running(self) -> bool:
        return self.process.poll() is None

    def _reap(self) -> None:
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._log.close()

    def __enter__(self) -> Serving:
        return self

    def __exit__(self, *_: object) -> None:
        if self.running():
            self.kill()
        elif not self._log.closed:
            self._reap()


def refused(data_dir: Path, *, within_s: float) -> tuple[int, str, float]:
    """Start a collector that must not come up: its exit status, what it said, and after how many seconds."""
    began = time.monotonic()
    run = subprocess.run(
        [*command(), "serve", "--data-dir", str(data_dir), "--port", "0"],
        capture_output=True,
        text=True,
        timeout=within_s * patience(),
        check=False,
    )
    return run.returncode, run.stderr, time.monotonic() - began


def patience() -> float:
    """By how much to stretch times that are meant for an idle machine: this one may be busy with other tests."""
    return max(2.0, 2.0 * os.getloadavg()[0] / (os.cpu_count() or 1))
