"""An evaluation that can be killed: every call of its task, and of a judge that costs as much, is written down."""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from pathlib import Path

import assay
from assay.scorers import ExactMatch

ROWS = 200
CONCURRENCY = 8
TASK_S = 0.02


def answer(text: str, calls: str) -> str:
    note(calls, f"task {text}")
    time.sleep(TASK_S)
    return text.upper()


class PaidJudge:
    """Stands for a judge that calls a model."""

    name = "paid_judge"
    source = "llm"

    def __call__(self, output: str, input: dict[str, str]) -> bool:
        note(input["calls"], f"judge {output.lower()}")
        time.sleep(TASK_S / 2)
        return True


def note(calls: str, line: str) -> None:
    """One write, so that a kill leaves whole lines."""
    fd = os.open(calls, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(fd, f"{line}\n".encode())
    os.close(fd)


def calls_made(calls: Path) -> Counter[str]:
    """How often the task was called, and the judge, by "task t7"."""
    return Counter(calls.read_text().splitlines()) if calls.exists() else Counter()


def write_data(directory: Path) -> Path:
    path = directory / "items.jsonl"
    calls = str(directory / "calls.txt")
    items = [{"id": f"i{n}", "input": {"text": f"t{n}", "calls": calls}, "expected": f"T{n}"} for n in range(ROWS)]
    path.write_text("".join(f"{json.dumps(item)}\n" for item in items))
    return path


def main() -> None:
    assay.evaluate(
        sys.argv[1],
        answer,
        scorers=[ExactMatch(), PaidJudge()],
        concurrency=CONCURRENCY,
        name="killed",
        progress=False,
    )


if __name__ == "__main__":
    from support.killed_evaluation import main as imported_main  # the task's module is not __main__, so it can be found

    imported_main()
