"""How results look in a terminal of 100 columns. Text only: no figure is computed here."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from assay.evaluation.comparison import ComparisonRow
from assay.evaluation.summary import SummaryRow
from assay.notebook.figures import Figure

WIDTH = 100
COLOURS = {"improved": "green", "regressed": "red"}


def as_text(content: Any, width: int = WIDTH) -> str:
    """What `content` looks like on a terminal without colours."""
    buffer = StringIO()
    Console(file=buffer, width=width, no_color=True, highlight=False, force_terminal=False).print(content, crop=False)
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines())


def summary_report(title: str, rows: Sequence[SummaryRow], notes: Sequence[str], url: str) -> RenderableType:
    """Mean and interval of each scorer of rows, then each figure of the whole run, with what stands behind them; then
    what else there is to know.
    """
    of_rows = [row for row in rows if row.level != "run"]
    of_the_run = [row for row in rows if row.level == "run"]
    tables: list[RenderableType] = []
    if of_rows or not of_the_run:
        tables += [_table("scorer", "mean", "method", of_rows), Text()]
    if of_the_run:
        tables += [_table("whole run", "value", "method, and what to know", of_the_run), Text()]
    return Group(Text(title, style="bold"), Text(), *tables, *(Text(note) for note in notes), _address(url))


def _table(what: str, figure: str, how: str, rows: Sequence[SummaryRow]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column(what, no_wrap=True)
    table.add_column(figure, justify="right", no_wrap=True)
    table.add_column("95 % interval" if _usual(rows) else "interval", no_wrap=True)
    table.add_column("items", justify="right", no_wrap=True)
    table.add_column("failed", justify="right", no_wrap=True)
    table.add_column(how)
    for row in rows:
        failed = Text(str(row.failed), style="yellow" if row.failed else "")
        name = f"judge: {row.scorer}" if row.kind == "judge" else row.scorer
        shown = interval(row.ci_low, row.ci_high)
        # Text, not str: a scorer's name or label may look like markup
        table.add_row(Text(name), number(row.mean), shown, str(row.n), failed, Text(_how(row)))
    return table


def comparison_report(
    baseline: str, candidate: str, rows: Sequence[ComparisonRow], verdict: str, notes: Sequence[str], url: str
) -> RenderableType:
    """Both means, the paired difference with its interval and corrected p, then each verdict in words."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("scorer", no_wrap=True)
    for heading in ("baseline", "candidate", "difference"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("95 % interval" if _usual(rows) else "interval", no_wrap=True)
    table.add_column("p", justify="right", no_wrap=True)
    table.add_column("won/tied/lost", justify="right", no_wrap=True)
    for row in rows:
        table.add_row(
            Text(row.scorer),
            number(row.baseline_mean),
            number(row.mean),
            Text(number(row.difference, sign=True), style=COLOURS.get(row.outcome, "")),
            interval(row.ci_low, row.ci_high, sign=True),
            p_value(row.p_corrected),
            f"{row.wins}/{row.ties}/{row.losses}",
        )
    words = Table.grid(padding=(0, 2, 0, 0))
    for row in rows:
        words.add_row(Text(row.scorer, no_wrap=True), Text(row.verdict, style=COLOURS.get(row.outcome, "")))
    correction = next((row.correction for row in rows if row.correction), None)
    title = Text(f"{candidate} against {baseline}: {verdict}", style="bold")
    methods = sorted({row.method for row in rows if row.method})
    note = Text(f"p by {'; '.join(methods)}" + (f"; corrected by {correction}" if correction else ""), style="dim")
    lines = [*([note] if methods else []), *(Text(note) for note in notes)]
    return Group(title, Text(), table, Text(), words, Text(), *lines, _address(url))


def summary_figures(rows: Sequence[SummaryRow]) -> list[Figure]:
    """The summary's lines for a notebook: mean, interval, items, failed, and how they were found."""
    return [
        Figure(
            name=f"judge: {row.scorer}" if row.kind == "judge" else row.scorer,
            cells=(number(row.mean), interval(row.ci_low, row.ci_high), str(row.n), str(row.failed)),
            words=_how(row),
        )
        for row in rows
    ]


def comparison_figures(rows: Sequence[ComparisonRow]) -> list[Figure]:
    """The comparison's lines for a notebook: both means, difference, interval, p, changes, and the verdict in words."""
    return [
        Figure(
            name=row.scorer,
            cells=(
                *(number(row.baseline_mean), number(row.mean), number(row.difference, sign=True)),
                *(interval(row.ci_low, row.ci_high, sign=True), p_value(row.p_corrected)),
                f"{row.wins}/{row.ties}/{row.losses}",
            ),
            words=row.verdict,
            outcome=row.outcome,
        )
        for row in rows
    ]


def number(value: float | None, *, sign: bool = False) -> str:
    """Three figures after the point, or four digits in all where there are more before it; a dash where unknown."""
    if value is None:
        return "-"
    plus = "+" if sign else ""
    value = 0.0 if abs(value) < 1e-12 else value  # what rounding errors leave of zero has no sign
    return f"{value:{plus}.3f}" if abs(value) < 100 else f"{value:{plus}.4g}"


def counted(count: int, what: str) -> str:
    """ "1 row", "2 rows"."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def shortened(text: str, length: int = 300) -> str:
    """On one line and of at most `length` characters: what fails is named at the beginning of a message, what to do
    at its end, so that the middle goes.
    """
    line = " ".join(text.split())
    if len(line) <= length:
        return line
    kept = length - 3
    return f"{line[: kept - kept // 2]}...{line[-(kept // 2) :]}"


def interval(low: float | None, high: float | None, *, sign: bool = False) -> str:
    return f"[{number(low, sign=sign)}, {number(high, sign=sign)}]" if low is not None and high is not None else "-"


def p_value(value: float | None) -> str:
    if value is None:
        return "-"
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def _how(row: SummaryRow) -> str:
    """The interval's method, or the reason why there is none, and what failed rows might have changed."""
    if row.level == "run":
        return "; ".join(part for part in (*row.counts, row.method, row.reason) if part)
    labels = ", ".join(f"{label} {count}" for label, count in row.counts.items())
    said = labels or row.method or row.reason or ""
    if row.bound_low is not None and row.bound_high is not None:
        said += f"; with the failed {number(row.bound_low)} to {number(row.bound_high)}"
    if row.n_na:
        said += f"; {row.n_na} not applicable"
    return said


def _usual(rows: Sequence[SummaryRow] | Sequence[ComparisonRow]) -> bool:
    return all(row.confidence == 0.95 for row in rows)


def _address(told: str) -> Text:
    """An address, or what to do first and then the address."""
    return Text(told, no_wrap=True, overflow="ignore", style=f"cyan link {told.rpartition(' ')[2]}")
