"""A whole list as a file, sent while it is read; bounded, and what is missing is said in its last line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Literal

from assay.collector.pages import urls
from assay.collector.pages.source import Row, Rows
from assay.collector.pages.tables import csv_lines
from assay.collector.pages.traces import list_columns, list_pages
from assay.collector.pages.traces.filters import one_of
from assay.collector.pages.traces.list_address import ListAddress
from assay.collector.pages.traces.list_columns import COLUMNS, Column
from assay.collector.pages.traces.list_source import TraceLists

MOST_ROWS = 20_000
ROWS_AT_ONCE = 500

Format = Literal["jsonl", "csv"]


def export(lists: TraceLists, address: ListAddress, refs: list[str], format: Format) -> Iterator[str]:
    """The lines of the file: of the rows that were chosen, or else of all that match.

    Raises:
        InvalidRequest: something in the address cannot be used; before the first line.
    """
    if refs:
        address = only(address, refs)
    columns = list_columns.chosen(address.view, address.cols) if address.cols else list(COLUMNS[address.view])
    list_columns.order_by(address.view, address.sort)
    pages = _pages(lists, address)
    first = next(pages)  # so that a mistake is an answer of its own, not the end of a file
    rows = _rows(lists, address, columns, first, pages)
    if format == "csv":
        return csv_lines([one.key for one in columns], (values for _, values in rows))
    return (json.dumps(row, ensure_ascii=False, default=str) + "\n" for row, _ in rows)


def only(address: ListAddress, refs: list[str]) -> ListAddress:
    """The list of the chosen rows alone, whatever it was filtered by."""
    of_spans = address.view == "spans"
    ids = dict.fromkeys(ref.rpartition("/")[2] if of_spans else ref.partition("/")[0] for ref in refs)
    q = one_of("span_id" if of_spans else "trace_id", ids)
    return ListAddress(address.project, address.view, q, address.sort, address.cols)


def _pages(lists: TraceLists, address: ListAddress) -> Iterator[tuple[list[Row], bool]]:
    """The rows, page by page, and whether there are more of them than are sent."""
    sent, order_by = 0, list_columns.order_by(address.view, address.sort)
    while True:
        found = list_pages.read(lists, address, order_by, min(ROWS_AT_ONCE, MOST_ROWS - sent))
        sent += len(found.items)
        is_cut = found.next_cursor is not None and sent >= MOST_ROWS
        yield found.items, is_cut
        if found.next_cursor is None or is_cut:
            return
        address = ListAddress(
            *(address.project, address.view, address.q, address.sort, address.cols, address.times, found.next_cursor)
        )


def _rows(
    lists: TraceLists,
    address: ListAddress,
    columns: list[Column],
    first: tuple[list[Row], bool],
    others: Iterator[tuple[list[Row], bool]],
) -> Iterator[tuple[Row, list[Any]]]:
    """Each row and its cells; the last one says what is missing."""
    page: tuple[list[Row], bool] | None = first
    while page is not None:
        items, is_cut = page
        for line in list_pages.shown(lists, address, columns, Rows(items)):
            yield line.row, [_in_file(one, value) for one, value in zip(columns, line.values, strict=True)]
        if is_cut:
            note = f"Only the first {MOST_ROWS:,} rows are here. Narrow the time or the filter, or use: assay export"
            yield {"note": note}, [note]
        page = next(others, None)


def _in_file(one: Column, value: Any) -> Any:
    return dict(value) if one.look == "scores" else value


def file_name(address: ListAddress, format: Format) -> str:
    return f"{urls.segment(address.project)}-{address.view}.{format}"
