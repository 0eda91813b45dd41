"""The view of a trace as a table of its spans that can be sorted, and the same as CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from assay.collector.pages.source import Row
from assay.collector.pages.traces.opened_trace import OpenedTrace
from assay.collector.pages.traces.trace_shape import TraceShape, self_times

SPANS_A_PAGE = 100


@dataclass(frozen=True, slots=True)
class Column:
    key: str
    label: str
    values: Callable[[TraceShape], list[Any]]
    is_number: bool = True


def _stored(name: str) -> Callable[[TraceShape], list[Any]]:
    return lambda shape: shape.column(name)


def _self_ms(shape: TraceShape) -> list[float]:
    return [time / 1e6 for time in self_times(shape)]


COLUMNS = (
    Column("name", "Name", _stored("name"), is_number=False),
    Column("kind", "Kind", _stored("kind"), is_number=False),
    Column("model", "Model", _stored("model"), is_number=False),
    Column("status", "Status", _stored("status"), is_number=False),
    Column("start_ms", "Start", lambda shape: [begin / 1e6 for begin in shape.begins]),
    Column("duration_ms", "Time", _stored("duration_ms")),
    Column("self_ms", "Itself", _self_ms),
    Column("total_tokens", "Tokens", _stored("total_tokens")),
    Column("cost_usd", "Cost", _stored("cost_usd")),
)
_BY_KEY = {column.key: column for column in COLUMNS}


@dataclass(frozen=True, slots=True)
class Heading:
    column: Column
    direction: str | None  # how the table is sorted by it: "ascending", "descending", or not
    url: str  # the same table sorted by it: the largest first, the other way round when it is already


def table_view(opened: OpenedTrace) -> Row:
    numbers = ordered(opened.shape, opened.asked.sort)
    first = max(0, min(opened.asked.rows, len(numbers)) - 1)
    shown = numbers[first : first + SPANS_A_PAGE]
    alone = self_times(opened.shape, shown)
    return {
        "headings": [_heading(opened, column) for column in COLUMNS],
        "rows": [
            (opened.tree.row(number), opened.shape.begins[number] / 1e6, time / 1e6)
            for number, time in zip(shown, alone, strict=True)
        ],
        "first_row": first + 1,
        "row_count": len(numbers),
        "page_size": SPANS_A_PAGE,
    }


def ordered(shape: TraceShape, sort: str) -> list[int]:
    """Numbers of all spans, sorted by `sort`: a column, with "-" before it the largest first; else by start. What is
    unknown comes last either way.
    """
    column = _BY_KEY.get(sort.removeprefix("-"), _BY_KEY["start_ms"])
    values = column.values(shape)
    known = [number for number, value in enumerate(values) if value is not None]
    known.sort(key=lambda number: values[number], reverse=sort.startswith("-"))
    return known + [number for number, value in enumerate(values) if value is None]


def csv_rows(shape: TraceShape, sort: str) -> Iterator[list[Any]]:
    """Cells of every span: its id, its parent's, then the columns."""
    cells = [shape.column("span_id"), shape.column("parent_span_id"), *(one.values(shape) for one in COLUMNS)]
    return ([column[number] for column in cells] for number in ordered(shape, sort))


def _heading(opened: OpenedTrace, column: Column) -> Heading:
    sort = opened.asked.sort or "start_ms"
    if sort.removeprefix("-") != column.key:
        return Heading(column, None, opened.address.page(sort=f"-{column.key}" if column.is_number else column.key))
    is_down = sort.startswith("-")
    other = column.key if is_down else f"-{column.key}"
    return Heading(column, "descending" if is_down else "ascending", opened.address.page(sort=other))
