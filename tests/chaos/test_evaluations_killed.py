"""An evaluation killed at a random moment and resumed: every row once, and next to nothing paid for twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import assay
from assay.client import current_client, reset_client
from assay.collector.server import Server
from assay.settings import configure
from support.chaos_set import short
from support.killed_evaluation import CONCURRENCY, ROWS, calls_made, write_data

TESTS = Path(__file__).parents[1]


def start(data: Path, directory: Path, endpoint: str | None) -> subprocess.Popen[str]:
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(TESTS), "ASSAY_DATA_DIR": str(directory / ".assay")}
    if endpoint:
        env["ASSAY_ENDPOINT"] = endpoint
    return subprocess.Popen(
        [sys.executable, "-m", "support.killed_evaluation", str(data)],
        cwd=directory,
        env=env,
        stderr=subprocess.PIPE,
        text=True,
    )


def kill_after(process: subprocess.Popen[str], calls: Path, count: int, then_s: float) -> None:
    """Kill it some time after so many calls of its task; it may have ended by itself."""
    while process.poll() is None and calls_made(calls).total() < count:
        time.sleep(0.002)
    time.sleep(then_s)
    process.send_signal(signal.SIGKILL)
    _, said = process.communicate()
    assert process.returncode in (0, -signal.SIGKILL), said


def resume_all() -> assay.evaluation.EvaluationResult:
    """Resume the one experiment that the killed process began."""
    (experiment,) = current_client().pages("/experiments")
    return assay.resume(experiment["id"], progress=False)


def check(result: assay.evaluation.EvaluationResult, calls: Path, when: str) -> None:
    stored = [row["item_id"] for row in current_client().pages(f"/experiments/{result.id}/rows")]
    assert sorted(stored) == sorted(f"i{n}" for n in range(ROWS)), when
    assert [row["item_id"] for row in result.records] == [f"i{n}" for n in range(ROWS)], when
    assert result.status == "completed", (when, result.problems)
    assert [(row.scorer, row.mean, row.n) for row in result.summary_rows] == [
        ("exact_match", 1.0, ROWS),
        ("paid_judge", 1.0, ROWS),
    ], when
    made = calls_made(calls)
    for what in ("task", "judge"):
        total = sum(count for call, count in made.items() if call.startswith(what))
        assert ROWS <= total <= ROWS + CONCURRENCY, (when, what, total)


@pytest.mark.parametrize("collector_dies", short([True, False], True), ids=["with-its-collector", "collector-stays"])
def test_a_killed_run_is_resumed_with_every_row_once(tmp_path: Path, size: Any, collector_dies: bool) -> None:
    for number in range(size(1, 20)):
        chance = random.Random(f"{collector_dies} {number}")
        count, then_s = chance.randrange(1, 2 * ROWS), chance.random() * 0.03
        when = f"kill {number}: {then_s:.3f} s after {count} calls"
        directory = tmp_path / str(number)
        directory.mkdir()
        data, calls = write_data(directory), directory / "calls.txt"
        server = None if collector_dies else Server(data_dir=directory / "served")
        if server:
            server.start()
        kill_after(start(data, directory, server.url if server else None), calls, count, then_s)
        configure(data_dir=directory / ".assay", **({"endpoint": server.url} if server else {}))
        check(resume_all(), calls, when)
        assay.shutdown()
        reset_client()
        if server:
            server.stop()
