"""What is told while an evaluation runs."""

from __future__ import annotations

import io
import math
import random
from typing import Any

import pytest
from rich.console import Console

from assay.evaluation import progress
from assay.evaluation.progress import Bar, Lines, RunningMean, Silent, make_progress


def row(status: str = "ok", **scores: Any) -> dict[str, Any]:
    error = None if status == "ok" else "ValueError"
    made = [{"name": name, "value": value, "status": "scored"} for name, value in scores.items()]
    return {"status": status, "repeat": 0, "error_type": error, "scores": made}


@pytest.fixture
def screen() -> io.StringIO:
    return io.StringIO()


def test_lines_tell_rows_errors_cost_and_the_time_left(monkeypatch: pytest.MonkeyPatch, screen: io.StringIO) -> None:
    clock = iter(range(0, 10_000, 10))
    monkeypatch.setattr(progress.time, "monotonic", lambda: float(next(clock)))
    lines = Lines(Console(file=screen, width=200))
    lines.start("exp", 40)
    lines.estimate(8.0)
    for number in range(6):
        lines.row(row("task_error") if number == 1 else row(exact=number > 2), 0.2)
    lines.stop("done")
    said = screen.getvalue().splitlines()
    assert said[0] == "exp: all 40 rows will cost about $8.00"
    assert said[-1] == "done"
    told = said[1:-1]
    assert 1 <= len(told) < 6, "now and then, not at every row"
    assert "of 40 rows, " in told[-1]
    assert " left (exact " in told[-1]
    assert "1 ValueError" in told[-1]
    assert "of about $8.00" in told[-1]


def test_a_little_money_is_not_told_as_none(screen: io.StringIO) -> None:
    lines = Lines(Console(file=screen, width=200))
    lines.start("exp", 2)
    lines.estimate(0.000006)
    assert screen.getvalue() == "exp: all 2 rows will cost about <$0.0001\n"


def test_a_bar_shows_the_running_mean(screen: io.StringIO) -> None:
    bar = Bar(Console(file=screen, width=200, force_terminal=True, highlight=False))
    bar.start("exp", 3)
    for value in (True, False, True):
        bar.row(row(exact=value), 0.0)
    bar.stop("exp: 3 rows")
    assert "exact 0.667 ±1.00" in screen.getvalue()
    assert "exp: 3 rows" in screen.getvalue()


def test_nothing_is_told_where_nothing_is_wanted() -> None:
    assert isinstance(make_progress(False), Silent)


def test_a_running_mean_has_a_margin_only_between_0_and_1() -> None:
    mean = RunningMean()
    assert (str(mean), mean.margin) == ("-", None)
    mean.add(3.0)
    assert (str(mean), mean.margin) == ("3", None)


def test_the_margin_holds_at_every_moment() -> None:
    chance, missed = random.Random(1), 0
    for _ in range(300):
        mean = RunningMean()
        for _ in range(300):
            mean.add(float(chance.random() < 0.5))
            if abs(mean.total / mean.count - 0.5) > (mean.margin or math.inf):
                missed += 1
                break
    assert missed <= 300 * 0.05
