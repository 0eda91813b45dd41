"""Lists as readers get them: pages in a total order, cursors that say where the next one starts, readable rows."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb
import orjson

from assay.collector.columns import PUBLIC_COLUMNS
from assay.collector.filter import Target
from assay.collector.filter_fields import SPAN_FIELDS, TRACE_FIELDS
from assay.errors import InvalidRequest

JSON_COLUMNS = {column.name for column in PUBLIC_COLUMNS if column.kind in ("json", "map")}
JSON_COLUMNS |= {"scores", "value", "expected"}
LAST_NS = 2**63 - 2  # what make_timestamp_ns takes, in April of 2262, and as far back in 1677; no span is beyond
TIME_COLUMNS = {"start_time", "end_time", "created_at", "started_at"}
ORDER = re.compile(r"\s*([a-z_]+)(?:\s+(asc|desc))?\s*", re.IGNORECASE)

Cursor = list[Any]


@dataclass(frozen=True, slots=True)
class Page:
    """Some items of a list, and where the next ones start (None: there are no more)."""

    items: list[dict[str, Any]]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Order:
    """A column, and which way; nulls come last whatever the direction."""

    column: str
    direction: str

    @property
    def newest_first(self) -> bool:
        return (self.column, self.direction) == ("start_time", "DESC")

    def sql(self, alias: str, keys: Sequence[str]) -> str:
        """What stands behind ORDER BY: the column, then the keys, so that the order is total."""
        ties = ", ".join(f"{alias}.{key} {self.direction}" for key in keys)
        return f"{alias}.{self.column} {self.direction} NULLS LAST, {ties}"

    def merged(
        self, some: Sequence[dict[str, Any]], others: Sequence[dict[str, Any]], keys: Sequence[str]
    ) -> list[dict[str, Any]]:
        """Rows of two lists in this order, by their `value` and keys."""
        if not others:
            return list(some)
        rows = [*some, *others]
        down = self.direction == "DESC"
        valued = [row for row in rows if row["value"] is not None]
        valued.sort(key=lambda row: (row["value"], *(row[key] for key in keys)), reverse=down)
        without = [row for row in rows if row["value"] is None]
        return valued + sorted(without, key=lambda row: tuple(row[key] for key in keys), reverse=down)

    def beyond(self, alias: str, keys: Sequence[str], after: Cursor) -> tuple[str, list[Any]]:
        """The condition of the rows that come after a cursor's, and its parameters."""
        value, last = after[0], list(after[1:])
        sign = "<" if self.direction == "DESC" else ">"
        row = ", ".join(f"{alias}.{key}" for key in keys[: len(last)])
        marks = ", ".join("?" for _ in last)
        ties = f"({row}) {sign} ({marks})"
        column = f"{alias}.{self.column}"
        if value is None:
            return f"({column} IS NULL AND {ties})", last
        mark = "make_timestamp_ns(?)" if self.column in TIME_COLUMNS else "?"
        return f"({column} {sign} {mark} OR ({column} = {mark} AND {ties}) OR {column} IS NULL)", [value, value, *last]


def order_of(order_by: str | None, target: Target) -> Order:
    """The order that a reader asks for; newest first when none is named.

    Raises:
        InvalidRequest: it names no field, or one that has no order.
    """
    if order_by is None or not order_by.strip():
        return Order("start_time", "DESC")
    match = ORDER.fullmatch(order_by)
    fields = TRACE_FIELDS if target == "traces" else SPAN_FIELDS
    column = match.group(1).lower() if match else ""
    if match is None or fields.get(column) in (None, "list", "json"):
        sortable = ", ".join(sorted(name for name, kind in fields.items() if kind not in ("list", "json")))
        raise InvalidRequest(
            f"order_by {order_by!r} cannot be used.",
            hint=f"Give a field and asc or desc, as in: duration_ms desc. Fields are: {sortable}.",
        )
    return Order(column, (match.group(2) or "asc").upper())


# Cursors ----------------------------------------------------------------------------------------------------------


def encode_cursor(values: Iterable[Any]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(list(values))).decode("ascii")


def decode_cursor(cursor: str | None, n_keys: int = 1) -> Cursor | None:
    """What `encode_cursor` was given: a value and up to `n_keys` keys; None for no cursor.

    Raises:
        InvalidRequest: it was not made here.
    """
    if not cursor:
        return None
    try:
        values = orjson.loads(base64.urlsafe_b64decode(cursor.encode("ascii")))
    except (ValueError, TypeError) as error:
        raise _unreadable() from error
    if not (isinstance(values, list) and 2 <= len(values) <= 1 + n_keys):
        raise _unreadable()
    if not (isinstance(values[0], (int, float, str, type(None))) and all(isinstance(key, str) for key in values[1:])):
        raise _unreadable()
    return values


def number_in(cursor: Cursor, place: int = 0) -> int:
    """A whole number of a cursor.

    Raises:
        InvalidRequest: there is none, so the cursor was not made here.
    """
    try:
        number = int(cursor[place])
    except (TypeError, ValueError, OverflowError, IndexError) as error:
        raise _unreadable() from error
    if abs(number) >= 2**63:
        raise _unreadable()
    return number


def _unreadable() -> InvalidRequest:
    return InvalidRequest("The cursor cannot be read.", hint="Pass `next_cursor` as it was given.")


# Rows -------------------------------------------------------------------------------------------------------------


def fetch(
    db: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()
) -> list[dict[str, Any]]:
    """The rows of a query as dicts.

    Raises:
        InvalidRequest: a value of the reader's cannot be used where it stands.
    """
    try:
        result = db.execute(sql, dict(parameters) if isinstance(parameters, Mapping) else list(parameters))
        names = [column[0] for column in result.description or []]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    except (duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.InvalidInputException) as error:
        raise InvalidRequest(f"The filter cannot be answered: {str(error).splitlines()[0]}") from error


def within(project: str | None, alias: str) -> tuple[str, list[Any]]:
    """The condition that a row belongs to a project; every one when None."""
    return ("true", []) if project is None else (f"{alias}.project = ?", [project])


def readable(row: Mapping[str, Any], json_columns: set[str] = JSON_COLUMNS) -> dict[str, Any]:
    """A row as readers see it: JSON parsed, times as ISO 8601 UTC with nanoseconds."""
    return {name: _read(name, value, json_columns) for name, value in row.items()}


def _read(name: str, value: Any, json_columns: set[str]) -> Any:
    if value is None:
        return None
    if name in TIME_COLUMNS:
        return iso_time(value)
    return orjson.loads(value) if name in json_columns else value


def in_range(time: int) -> int:
    """A time in nanoseconds as `make_timestamp_ns` takes it."""
    return max(-LAST_NS, min(time, LAST_NS))


def started_in(start: int, end: int, gap: tuple[int, int] | None = None) -> tuple[str, list[int]]:
    """The condition that a span `s` starts between two times in nanoseconds and not in the gap, and its parameters."""
    condition = "s.start_time >= make_timestamp_ns(?) AND s.start_time < make_timestamp_ns(?)"
    without = f" AND NOT ({condition})" if gap is not None else ""
    return condition + without, [in_range(time) for time in (start, end, *(gap or ()))]


def iso_time(nanoseconds: int) -> str:
    """ISO 8601 in UTC with nine digits of a second."""
    seconds, rest = divmod(nanoseconds, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
