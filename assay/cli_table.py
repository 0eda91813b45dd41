"""Tables for terminals: short columns are whole, long text takes what is left, and what does not fit is left out."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

UNKNOWN = "-"
GAP = 2  # between columns


def text(value: Any) -> str:
    """Any value on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, dict):
        value = ", ".join(f"{key}: {item}" for key, item in value.items())
    elif isinstance(value, list):
        value = ", ".join(str(item) for item in value)
    line = " ".join(str(value).split())
    # Data may hold what a terminal obeys.
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(char) == "Cc" else char for char in line)


def lines(values: list[Any]) -> str:
    return "\n".join(text(value) for value in values)


def time(value: str) -> str:
    """To the second, in UTC: 2026-11-21 14:43:43."""
    moment = datetime.fromisoformat(value)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def duration(ms: float) -> str:
    if ms < 999.5:
        return f"{ms:.0f} ms" if ms >= 9.95 else f"{ms:.1f} ms"
    return f"{ms / 1000:.1f} s"


def cost(usd: float) -> str:
    if 0 < usd < 0.00005:
        return "<$0.0001"
    return f"${usd:.2f}" if usd >= 100 or usd == 0 else f"${usd:.4f}"


@dataclass(frozen=True)
class Column:
    """How one field of a row is shown. `least` is how narrow it may get, `most` how wide; without them, it is whole."""

    field: str
    header: str = ""
    show: Callable[[Any], str] = text
    right: bool = False
    least: int | None = None
    most: int = 1_000
    wrap: bool = False

    @property
    def title(self) -> str:
        return self.header or self.field

    def cell(self, row: dict[str, Any]) -> str:
        value = row.get(self.field)
        return UNKNOWN if value is None else self.show(value) or UNKNOWN


def print_table(
    console: Console, rows: Sequence[dict[str, Any]], columns: Iterable[Column], *, drop: Iterable[str] = ()
) -> None:
    """Print rows as wide as the terminal is. `drop` names the fields to leave out where it is too narrow, in turn."""
    cells = {column: [column.cell(row) for row in rows] for column in columns}
    wanted = {column: _width(column, found) for column, found in cells.items()}
    widths = _fit(wanted, console.width, drop)
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for column, width in widths.items():
        table.add_column(
            Text(column.title),
            width=width,
            justify="right" if column.right else "left",
            overflow="fold" if column.wrap else "ellipsis",
            no_wrap=not column.wrap,
        )
    for line in zip(*(cells[column] for column in widths), strict=True):
        table.add_row(*(Text(cell) for cell in line))
    # Whole ids matter more than the right edge of a very narrow terminal.
    console.width = max(console.width, _total(widths))
    console.print(table)


def _width(column: Column, cells: list[str]) -> int:
    longest = max((cell_len(line) for cell in cells for line in cell.split("\n")), default=0)
    return max(cell_len(column.title), min(longest, column.most))


def _fit(wanted: dict[Column, int], width: int, drop: Iterable[str]) -> dict[Column, int]:
    """The columns that fit, with their widths: the least of each, and the rest shared out evenly."""
    widths = {
        column: whole if column.least is None else min(whole, max(column.least, cell_len(column.title)))
        for column, whole in wanted.items()
    }
    for field in drop:
        if _total(widths) <= width:
            break
        widths = {column: least for column, least in widths.items() if column.field != field}
    left = width - _total(widths)
    while left > 0 and (short := [column for column in widths if widths[column] < wanted[column]]):
        for column in short[:left]:
            widths[column] += 1
            left -= 1
    return widths


def _total(widths: dict[Column, int]) -> int:
    return sum(widths.values()) + GAP * (len(widths) - 1)
