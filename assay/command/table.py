"""Tables for terminals: short columns are whole, long text takes what is left, and what does not fit is left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from assay.command.columns import Column

GAP = 2  # between columns


def print_table(rows: Sequence[dict[str, Any]], columns: Iterable[Column], *, drop: Iterable[str] = ()) -> None:
    """Print rows as wide as the terminal is. `drop` names the fields to leave out where it is too narrow, in turn."""
    console = Console(highlight=False)
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
