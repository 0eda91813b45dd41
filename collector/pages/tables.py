"""Lists as CSV: what a spreadsheet can read without running any of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any
from urllib.parse import quote

from fastapi import Response

from assay.collector.pages.formats import plain
from assay.collector.pages.security import PAGE_HEADERS

RUN_BY_SPREADSHEETS = (*"=+-@\t\r\n", *"\uff1d\uff0b\uff0d\uff20")  # the last four are wide ones, which some run too
CSV_TYPE = "text/csv; charset=utf-8"


def csv_answer(name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """A whole table as a file called `<name>.csv`."""
    return Response("".join(csv_lines(columns, rows)), media_type=CSV_TYPE, headers=file_headers(f"{name}.csv"))


def csv_lines(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """The lines of a table, its head first; for answers that are sent while they are made."""
    for row in chain([columns], rows):
        line = io.StringIO()
        csv.writer(line).writerow([cell(value) for value in row])
        yield line.getvalue()


def cell(value: Any) -> Any:
    """A value as it stands in a cell. Text that a spreadsheet would take for a formula has an apostrophe before it."""
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    text = plain(value)
    return f"'{text}" if text.startswith(RUN_BY_SPREADSHEETS) else text


def file_headers(name: str) -> dict[str, str]:
    """Headers of an answer that the browser keeps as a file of this name."""
    plain_name = "".join(
        letter if letter.isascii() and (letter.isalnum() or letter in "-_.") else "-" for letter in name
    )
    disposition = f"attachment; filename=\"{plain_name}\"; filename*=UTF-8''{quote(name, safe='', errors='replace')}"
    return {**PAGE_HEADERS, "Content-Disposition": disposition}
