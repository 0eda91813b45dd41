"""`make fuzz`: each target for FUZZ_SECONDS (600 unless set); ends with status 1 when one of them found something.

Where atheris is installed (`pip install atheris`, on Linux) half of the time is led by coverage, else
all of it is mutation of the seeds. A finding is told once, and its input is kept in .fuzz/.

    cd tests && python -m fuzz [TARGET ...]
"""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
import time
import traceback
from importlib.util import find_spec
from pathlib import Path

from fuzz.mutate import mutated
from fuzz.targets import TARGETS, Target

from assay.errors import CollectorUnavailable

KEPT = Path(".fuzz")


class Findings:
    """Calls a target, and keeps the first input of each distinct way in which it failed."""

    def __init__(self, name: str, target: Target) -> None:
        self.name = name
        self._target = target
        self._seen: set[str] = set()
        self.calls = 0

    def __call__(self, data: bytes) -> None:
        self.calls += 1
        try:
            try:
                self._target.run(data)
            except CollectorUnavailable:  # a machine can be too busy once: no finding, unless it happens again
                self._target.run(data)
        except Exception as error:
            self._keep(data, error)

    def _keep(self, data: bytes, error: Exception) -> None:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{type(error).__name__}: {str(error)[:60]} at {Path(frame.filename).name}:{frame.lineno}"
        if where in self._seen:
            return
        self._seen.add(where)
        KEPT.mkdir(exist_ok=True)
        path = KEPT / f"{self.name}-{hashlib.sha256(data).hexdigest()[:12]}"
        path.write_bytes(data)
        print(f"{self.name}: {where} (input in {path})", flush=True)
        traceback.print_exception(error)

    @property
    def found(self) -> int:
        return len(self._seen)


def by_mutation(findings: Findings, target: Target, seconds: float, seed: int) -> None:
    """Change the seeds at random."""
    chance, seeds, end = random.Random(seed), target.seeds(), time.monotonic() + seconds
    for given in seeds:
        findings(given)
    while time.monotonic() < end:
        findings(mutated(seeds, chance))


def led_by_coverage(name: str, seconds: float) -> bool:
    """In a process of its own, since libFuzzer never returns; whether it found nothing."""
    command = [sys.executable, "-m", "fuzz.led_by_coverage", name, str(int(seconds))]
    return subprocess.run(command, check=False).returncode == 0


def main(names: list[str]) -> int:
    seconds = float(os.environ.get("FUZZ_SECONDS", "600"))
    with_atheris = find_spec("atheris") is not None
    failed = []
    for name in names or TARGETS:
        findings = Findings(name, TARGETS[name])
        by_mutation(findings, TARGETS[name], seconds / 2 if with_atheris else seconds, seed=time.time_ns())
        print(f"{name}: {findings.calls} inputs by mutation, {findings.found} findings", flush=True)
        if findings.found or (with_atheris and not led_by_coverage(name, seconds / 2)):
            failed.append(name)
    print(f"found something: {', '.join(failed)}" if failed else "nothing found", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
