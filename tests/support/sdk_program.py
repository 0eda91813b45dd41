"""Programs that trace, each in a process of its own, and what became of their spans."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from support.export import until
from support.serving import patience

# argv: prefix of the names, how many, how many a second (0: as fast as it goes)
SENDER = """
import assay, json, sys, time
prefix, count, per_s = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
with assay.start_span("again"):  # starts everything, which takes its time
    pass
began, costs = time.perf_counter(), []
for number in range(count):
    before = time.thread_time()  # of this thread: what else the machine does is not our doing
    with assay.start_span(f"{prefix}/{number}"):
        pass
    costs.append(time.thread_time() - before)
    if per_s and (wait := began + number / per_s - time.perf_counter()) > 0:
        time.sleep(wait)
costs.sort()
print(json.dumps({"sent": count, "p99_us": round(costs[int(count * 0.99)] * 1e6), "done_at": time.time()}), flush=True)
"""
TOLD = re.compile(r"Assay dropped (\d+) spans?(?: in all)?: (.*)")


class Program:
    """Python with Assay in it, started at once; its environment has nothing of ours but what is given."""

    def __init__(self, code: str, *arguments: object, cwd: Path, env: Mapping[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-u", "-c", code, *map(str, arguments)],
            cwd=cwd,
            env={"PATH": os.environ["PATH"], **(env or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.pid = self._process.pid
        self.output = self.errors = ""
        self.ended_at = 0.0

    def line(self) -> str:
        """The next line that it prints."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        self.output += line
        return line.rstrip("\n")

    def tell(self) -> None:
        """A line for its `input()`."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def running(self) -> bool:
        return self._process.poll() is None

    def wait(self, within_s: float = 300.0) -> int:
        """Its exit status."""
        try:
            output, self.errors = self._process.communicate(timeout=within_s * patience())
        except subprocess.TimeoutExpired:
            self._process.kill()
            output, self.errors = self._process.communicate()
            raise AssertionError(f"it did not end:\n{output}\n{self.errors}") from None
        self.ended_at = time.time()
        self.output += output
        return self._process.returncode

    def done(self, within_s: float = 300.0) -> dict[str, Any]:
        """What a SENDER says of itself, and how long it took to end after that."""
        assert self.wait(within_s) == 0, self.errors
        said: dict[str, Any] = json.loads(self.output.splitlines()[-1])
        return {**said, "exit_s": round(self.ended_at - said["done_at"], 2)}

    def told_as_dropped(self) -> int:
        return told_as_dropped(self.errors)


def run(code: str, *arguments: object, cwd: Path, env: Mapping[str, str] | None = None) -> Program:
    program = Program(code, *arguments, cwd=cwd, env=env)
    assert program.wait() == 0, program.errors
    return program


def told_as_dropped(errors: str) -> int:
    """Spans that a program said it lost: the last figure of each reason."""
    last = {reason: int(count) for count, reason in TOLD.findall(errors)}
    return sum(last.values())


def names(prefix: str, count: int) -> set[str]:
    return {f"{prefix}/{number}" for number in range(count)}


def stored(data_dir: Path) -> Counter[str]:
    """Names of the spans in a stopped collector's store, and how often each is there."""
    with duckdb.connect(str(data_dir / "assay.duckdb"), read_only=True) as db:
        return Counter(dict(db.execute("SELECT name, count(*) FROM span_log GROUP BY name").fetchall()))


def spooled(cwd: Path) -> int:
    """Spans that wait in the spool of a program that ran in `cwd`."""
    return sum(int(path.name.split(".")[1][:-1]) for path in (cwd / ".assay" / "spool").glob("*/*.otlp"))


AGAIN = """
import assay, time
with assay.start_span("again"):
    pass
deadline = time.monotonic() + 240
from assay.settings import current_settings
from assay.tracing.spool import Spool, spool_directory
spool = Spool(spool_directory(current_settings()), max_bytes=1)
while spool.waiting() and time.monotonic() < deadline:
    time.sleep(0.2)
"""


def again(cwd: Path, env: dict[str, str]) -> None:
    """The next program with the same settings, which runs until nothing waits."""
    run(AGAIN, cwd=cwd, env=env)
    until(lambda: spooled(cwd) == 0)


def report(sent: int, found: Any, told: int, more: str) -> None:
    there = sum(name != "again" for name in found)
    twice = sum(count - 1 for name, count in found.items() if name != "again")
    print(f"{sent} spans sent, {there} found, {told} told as dropped, {twice} twice; {more}")
