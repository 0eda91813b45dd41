"""How far an evaluation is: a bar in a terminal, now and then a line elsewhere. Written to stderr, so that stdout
stays the program's.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from assay.evaluation.report import counted

QUIET_S = 30.0


class Progress(Protocol):
    """Told about a run, on the run's event loop. Nothing it does may take long."""

    def start(self, name: str, rows: int) -> None: ...
    def row(self, row: dict[str, Any], cost_usd: float) -> None: ...
    def stop(self, line: str) -> None: ...


def make_progress(wanted: bool | Progress | None) -> Progress:
    """None: a bar where stderr is a terminal (or a notebook), else lines. False: nothing."""
    if wanted is False:
        return Silent()
    if wanted is None or wanted is True:
        console = Console(stderr=True, highlight=False)
        return Bar(console) if console.is_terminal or console.is_jupyter else Lines(console)
    return wanted


class Silent:
    def start(self, name: str, rows: int) -> None: ...
    def row(self, row: dict[str, Any], cost_usd: float) -> None: ...
    def stop(self, line: str) -> None: ...


class Tally:
    """What went wrong so far, and what it cost."""

    def __init__(self) -> None:
        self.done = 0
        self.problems: Counter[str] = Counter()
        self.cost_usd = 0.0

    def add(self, row: dict[str, Any], cost_usd: float) -> None:
        self.done += 1
        self.cost_usd += cost_usd
        if row["status"] != "ok":
            self.problems[row["error_type"] or row["status"]] += 1
        for score in row["scores"]:
            if score["status"] == "scorer_error":
                self.problems[f"{score['name']} failed"] += 1

    def __str__(self) -> str:
        parts = [f"{count} {what}" for what, count in self.problems.most_common(3)]
        if self.cost_usd:
            parts.append(f"${self.cost_usd:.4f}")
        return ", ".join(parts)


class Bar:
    """Rows done, errors by type, cost, time left."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._tally = Tally()
        self._progress = RichProgress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[tally]}", style="yellow", markup=False),
            console=console,
            transient=True,
        )
        self._task: TaskID | None = None

    def start(self, name: str, rows: int) -> None:
        self._task = self._progress.add_task(name, total=rows, tally="")
        self._progress.start()

    def row(self, row: dict[str, Any], cost_usd: float) -> None:
        self._tally.add(row, cost_usd)
        if self._task is not None:
            self._progress.update(self._task, advance=1, tally=str(self._tally))

    def stop(self, line: str) -> None:
        self._progress.stop()
        self._console.print(line, soft_wrap=True, markup=False)


class Lines:
    """One line every half minute, and one at the end."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._tally = Tally()
        self._name, self._rows = "", 0
        self._told = time.monotonic()

    def start(self, name: str, rows: int) -> None:
        self._name, self._rows, self._told = name, rows, time.monotonic()

    def row(self, row: dict[str, Any], cost_usd: float) -> None:
        self._tally.add(row, cost_usd)
        if time.monotonic() - self._told >= QUIET_S:
            self._told = time.monotonic()
            more = f" ({self._tally})" if str(self._tally) else ""
            self._print(f"{self._name}: {self._tally.done} of {counted(self._rows, 'row')}{more}")

    def stop(self, line: str) -> None:
        self._print(line)

    def _print(self, line: str) -> None:
        self._console.print(line, soft_wrap=True, markup=False)
