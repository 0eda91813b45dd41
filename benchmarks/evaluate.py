"""Rows a second of an evaluation with every row stored and traced, the collector embedded in the same process.

python benchmarks/evaluate.py [ROWS]
"""

from __future__ import annotations

import asyncio
import resource
import sys
import tempfile
import time
from typing import Any

import assay
from assay.scorers import Contains, ExactMatch


def shout(text: str) -> str:
    return text.upper()


async def shout_after_5_ms(text: str) -> str:
    await asyncio.sleep(0.005)
    return text.upper()


def main(rows: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        assay.init(project="benchmark", data_dir=directory)
        measure(shout, 20, 4)  # everything is loaded and open
        for task, concurrency in ((shout, 32), (shout_after_5_ms, 100)):
            seconds, cpu = measure(task, rows, concurrency)
            speed = f"{rows / seconds:6.0f} rows/s, {cpu / rows * 1000:.2f} ms CPU a row"
            print(f"{task.__name__:18} concurrency {concurrency:3}: {speed}")
        assay.shutdown()
    print(f"most memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def measure(task: Any, rows: int, concurrency: int) -> tuple[float, float]:
    """Seconds and CPU seconds, collector included, until the last row is stored."""
    data = [{"id": str(n), "input": {"text": f"text {n}"}, "expected": f"TEXT {n}"} for n in range(rows)]
    started, cpu = time.perf_counter(), time.process_time()
    result = assay.evaluate(data, task, scorers=[ExactMatch(), Contains()], concurrency=concurrency, progress=False)
    assert result.status == "completed", result.problems
    return time.perf_counter() - started, time.process_time() - cpu


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5_000)
