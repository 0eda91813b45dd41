"""One line on the terminal for each step of the demo: a bar while it lasts, then a tick with what was done."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn


class Step:
    """A step under way, from `with` to its end. It is also what `assay.evaluate(progress=...)` tells how far it is."""

    def __init__(self, console: Console, doing: str, total: int | None = None) -> None:
        self._console = console
        self._progress = Progress(
            TextColumn("  {task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task(doing, total=total)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._progress.stop()

    def advance(self) -> None:
        self._progress.advance(self._task)

    def done(self, what: str) -> None:
        """Say in the bar's place what was done."""
        self._progress.stop()
        self._console.print(f"  [green]✓[/green] {what}")

    # What an evaluation calls ------------------------------------------------------------------------------------

    def start(self, name: str, rows: int) -> None:
        self._progress.update(self._task, total=rows)

    def row(self, row: dict[str, Any], cost_usd: float) -> None:
        self.advance()

    def stop(self, line: str) -> None:
        """Nothing: the demo says it in its own words."""
