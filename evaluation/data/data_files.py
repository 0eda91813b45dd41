"""Rows out of JSONL, JSON, CSV and Parquet files, each with its place; what cannot be read is told with its line."""

from __future__ import annotations

import codecs
import csv
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from assay.errors import DatasetError, MissingExtra

FILE_TYPES = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet")
LARGEST_CELL = 64 * 1024**2  # characters of a CSV cell: Python's own limit of 131,072 is less than a long document
NESTED = ("input", "inputs", "expected", "metadata", "output")  # a CSV column "input.question" is a key of the input

# The longer marks first: that of UTF-32 begins with that of UTF-16.
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

PlacedRow = tuple[str, Any]  # what to call a row in an error, and the row


def read_file(path: Path) -> Iterator[PlacedRow]:
    """The rows of a file by the ending of its name; a file of another name is read as JSONL.

    UTF-8, with or without a byte order mark; UTF-16 and UTF-32 with one. Empty lines are skipped.

    Raises:
        DatasetError: the file is missing, empty lines aside a line is no JSON, or bytes are no text.
    """
    if not path.is_file():
        raise DatasetError(f"There is no file {path}.", hint=f"The working directory is {Path.cwd()}.")
    read = {".parquet": _parquet, ".csv": _csv, ".tsv": _csv, ".json": _json}.get(path.suffix.lower(), _jsonl)
    try:
        yield from read(path)
    except UnicodeDecodeError as error:
        line = _bad_line(path, error.encoding)
        raise DatasetError(
            f"{path}, line {line}: this is no {error.encoding.upper()} text.",
            hint="Save the file as UTF-8. From a Windows code page: iconv -f WINDOWS-1252 -t UTF-8 OLD > NEW",
        ) from error


def numbered(rows: Iterable[Any], prefix: str = "") -> Iterator[PlacedRow]:
    """Rows by their number, from 1."""
    return ((f"{prefix}row {number}", row) for number, row in enumerate(rows, start=1))


def cell_value(value: Any) -> Any:
    """A table's cell as plain Python has it: arrays as lists, numpy's scalars as Python's, NaN and NaT as None, also
    inside lists and objects.
    """
    if isinstance(value, str | bool | int) or value is None:
        return value
    if isinstance(value, Mapping):
        return {str(key): cell_value(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [cell_value(inner) for inner in value]
    if callable(tolist := getattr(value, "tolist", None)):
        return cell_value(tolist())
    missing = isinstance(value, float) and math.isnan(value)
    return None if missing or type(value).__name__ in ("NaTType", "NAType") else value


# One reader per kind of file ---------------------------------------------------------------------------------------


def _jsonl(path: Path) -> Iterator[PlacedRow]:
    with path.open(encoding=_encoding(path)) as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield f"{path}, line {number}", _parsed(line, f"{path}, line {number}", "JSONL has one item per line.")


def _json(path: Path) -> Iterator[PlacedRow]:
    rows = _parsed(path.read_text(encoding=_encoding(path)), str(path), None)
    if not isinstance(rows, list):
        raise DatasetError(f"{path}: a JSON file holds a list of items.", hint="One item per line is JSONL: .jsonl")
    return numbered(rows, f"{path}, ")


def _csv(path: Path) -> Iterator[PlacedRow]:
    csv.field_size_limit(max(csv.field_size_limit(), LARGEST_CELL))
    with path.open(encoding=_encoding(path), newline="") as file:
        first = file.readline()
        file.seek(0)
        rows = csv.reader(file, delimiter=_delimiter(path, first))
        number = 1
        try:
            header = next(rows, [])
            _check_header(path, header)
            for number, cells in enumerate(rows, start=2):  # the first line is the header
                if not any(cells):  # an empty line, or what a spreadsheet leaves of one
                    continue
                place = f"{path}, row {number}"
                if len(cells) != len(header):
                    counts = f"{len(cells)} instead of {len(header)}"
                    raise DatasetError(
                        f"{place}: it has more or fewer columns than the header: {counts}.",
                        hint="A cell that holds the separator or a line break stands in quotes.",
                    )
                yield place, _nested(dict(zip(header, cells, strict=True)), place)
        except csv.Error as error:
            raise DatasetError(
                f"{path}, row {number + 1}: {error}.", hint="Long or unusual texts are safer in JSONL."
            ) from error


def _parquet(path: Path) -> Iterator[PlacedRow]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MissingExtra("Reading Parquet", "all") from error
    try:
        rows = pq.read_table(path).to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise DatasetError(f"{path}: this is no Parquet: {error}.") from error
    return numbered(([row for row in map(cell_value, rows)]), f"{path}, ")


# Helpers -----------------------------------------------------------------------------------------------------------


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(4)
    return next((encoding for mark, encoding in BYTE_ORDER_MARKS if start.startswith(mark)), "utf-8")


def _bad_line(path: Path, encoding: str) -> int:
    """The first line whose bytes are no text; the last, where only the file as a whole shows it."""
    lines = path.read_bytes().split(b"\n")
    for number, line in enumerate(lines, start=1):
        try:
            if encoding.lower().startswith("utf-8"):
                line.decode("utf-8")
        except UnicodeDecodeError:
            return number
    return len(lines)


def _parsed(text: str, where: str, hint: str | None) -> Any:
    try:
        return json.loads(text, parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{where}: this is no JSON: {error}.", hint=hint) from error


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number in JSON; write null for what is unknown")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is larger than a number can be")
    return value


def _delimiter(path: Path, header: str) -> str:
    """A comma, unless the header has none and another that spreadsheets write."""
    if path.suffix.lower() == ".tsv":
        return "\t"
    return next((char for char in ",;\t" if char in header), ",")


def _check_header(path: Path, header: list[str]) -> None:
    if twice := sorted({name for name in header if header.count(name) > 1}):
        raise DatasetError(f"{path}: two columns are called {twice[0]!r}.", hint="Give every column its own name.")


def _nested(row: dict[str, str], place: str) -> dict[str, Any]:
    """A CSV row as an item has it: empty cells are missing, "input.question" is a key of the input, and metadata may
    be written as JSON. Every other cell is the text it is.
    """
    found: dict[str, Any] = {}
    for column, text in row.items():
        cell = text if text else None
        field, dot, key = column.partition(".")
        if dot and key and field in NESTED:
            inside = found.setdefault(field, {})
            if not isinstance(inside, dict):
                raise DatasetError(f"{place}: there are both a column {field!r} and a column {column!r}.")
            if cell is not None:
                inside[key] = cell
        elif column == "metadata" and cell is not None:
            found.setdefault("metadata", {})
            value = _parsed(cell, f"{place}, column metadata", "Metadata are an object: {...}")
            found["metadata"] = {**value, **found["metadata"]} if isinstance(value, dict) else value
        elif column in found:
            raise DatasetError(f"{place}: there are both a column {column!r} and columns {column + '.…'!r}.")
        else:
            found[column] = cell
    return found
