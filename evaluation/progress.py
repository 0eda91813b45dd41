"""How far an evaluation is: a bar in a terminal, now and then a line elsewhere. Written to stderr, so that stdout
stays the program's.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from assay.command.columns import cost
from assay.evaluation.report import counted

QUIET_S = 30.0
MEANS_SHOWN = 2


class Progress(Protocol):
    """Told about a run, on the run's event loop. Nothing it does may take long. One that has `estimate(cost_usd)` is
    told, after the first row, what all of them are expected to cost.
    """

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
    """What came out so far, what went wrong, and what it cost."""

    def __init__(self) -> None:
        self.done = 0
        self.problems: Counter[str] = Counter()
        self.cost_usd = 0.0
        self.estimate_usd: float | None = None
        self.means: dict[str, RunningMean] = {}

    def add(self, row: dict[str, Any], cost_usd: float) -> None:
        self.done += 1
        self.cost_usd += cost_usd
        if row["status"] != "ok":
            self.problems[row["error_type"] or row["status"]] += 1
        for score in row["scores"]:
            if score["status"] in ("scorer_error", "invalid"):
                self.problems[f"{score['name']} {'failed' if score['status'] == 'scorer_error' else 'invalid'}"] += 1
            elif score["status"] == "scored" and row["repeat"] == 0 and isinstance(score["value"], int | float):
                self.means.setdefault(score["name"], RunningMean()).add(float(score["value"]))

    def __str__(self) -> str:
        parts = [f"{name} {mean}" for name, mean in list(self.means.items())[:MEANS_SHOWN]]
        parts += [f"{count} {what}" for what, count in self.problems.most_common(3)]
        if self.cost_usd or self.estimate_usd:
            about = f" of {_about(self.estimate_usd)}" if self.estimate_usd else ""
            parts.append(f"{cost(self.cost_usd)}{about}")
        return ", ".join(parts)


def _about(usd: float) -> str:
    return f"about ${usd:.2f}" if usd >= 0.1 else f"about {cost(usd)}"


class RunningMean:
    """A mean while rows still arrive, with a margin that holds at every moment at once (95 %): one may stop at any.

    For independent values between 0 and 1, whose sums are sub-Gaussian with variance n/4: the normal mixture of
    Robbins (1970), |S_n - n mu| < sqrt((n/4 + r) log((n/4 + r) / (r alpha^2))), here with r = 4, which is tightest
    around 200 rows. Other values have no margin. Repeats of an item are not independent, so only the first is counted.
    """

    MIXTURE = 4.0
    ALPHA = 0.05

    def __init__(self) -> None:
        self.count = 0
        self.total = 0.0
        self.bounded = True

    def add(self, value: float) -> None:
        self.count += 1
        self.total += value
        self.bounded = self.bounded and 0 <= value <= 1

    @property
    def margin(self) -> float | None:
        if not self.bounded or not self.count:
            return None
        spread = self.count / 4 + self.MIXTURE
        return math.sqrt(spread * math.log(spread / (self.MIXTURE * self.ALPHA**2))) / self.count

    def __str__(self) -> str:
        mean = f"{self.total / self.count:.3g}" if self.count else "-"
        margin = self.margin
        return mean if margin is None else f"{mean} ±{min(margin, 1):.2f}"


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

    def estimate(self, cost_usd: float) -> None:
        self._tally.estimate_usd = cost_usd

    def stop(self, line: str) -> None:
        self._progress.stop()
        self._console.print(line, soft_wrap=True, markup=False)


class Lines:
    """One line every half minute, and one at the end."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._tally = Tally()
        self._name, self._rows = "", 0
        self._began = self._told = time.monotonic()

    def start(self, name: str, rows: int) -> None:
        self._name, self._rows = name, rows
        self._began = self._told = time.monotonic()

    def row(self, row: dict[str, Any], cost_usd: float) -> None:
        self._tally.add(row, cost_usd)
        if time.monotonic() - self._told >= QUIET_S:
            self._told = time.monotonic()
            more = f" ({self._tally})" if str(self._tally) else ""
            self._print(f"{self._name}: {self._tally.done} of {counted(self._rows, 'row')}{self._left()}{more}")

    def _left(self) -> str:
        """How long the rest will take at the pace so far."""
        left_s = (time.monotonic() - self._began) / self._tally.done * (self._rows - self._tally.done)
        return f", {left_s / 60:.0f} min left" if left_s >= 90 else f", {left_s:.0f} s left"

    def estimate(self, cost_usd: float) -> None:
        self._tally.estimate_usd = cost_usd
        self._print(f"{self._name}: all {counted(self._rows, 'row')} will cost {_about(cost_usd)}")

    def stop(self, line: str) -> None:
        self._print(line)

    def _print(self, line: str) -> None:
        self._console.print(line, soft_wrap=True, markup=False)
