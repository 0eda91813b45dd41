"""Every question that readers ask of the span store.

The one place, beside `rows`, `store` and `migrations`, with SQL.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb
import orjson

from assay.collector.columns import PUBLIC_COLUMNS, Column
from assay.collector.filter import SPAN_FIELDS, TRACE_FIELDS, Compiled, Target, compile_filter
from assay.collector.store import SpanStore
from assay.errors import InvalidRequest

JSON_COLUMNS = {column.name for column in PUBLIC_COLUMNS if column.kind == "json"} | {"scores", "value", "expected"}
TIME_COLUMNS = {"start_time", "end_time", "created_at", "started_at"}


def _span_column(column: Column) -> str:
    if column.kind == "time":
        return f"epoch_ns({column.name}) AS {column.name}"
    return f"to_json({column.name}) AS {column.name}" if column.kind == "map" else column.name


TRACE_COLUMNS = (
    *(name for name in TRACE_FIELDS if name not in ("start_time", "end_time")),
    "kind",
    "epoch_ns(start_time) AS start_time",
    "epoch_ns(end_time) AS end_time",
    "scores",
)
SPAN_COLUMNS = (
    *(_span_column(column) for column in PUBLIC_COLUMNS),
    "dropped_attributes_count",
    "scope_name",
    "scope_version",
    "span_kind",
)
SCORE_COLUMNS = (
    "id",
    "project",
    "name",
    "value",
    "explanation",
    "source",
    "author",
    "trace_id",
    "span_id",
    "session_id",
    "experiment_id",
    "item_id",
    "repeat",
    "status",
    "error",
    "metadata",
    "epoch_ns(created_at) AS created_at",
)
EXPERIMENT_ROW_COLUMNS = (
    "experiment_id",
    "item_id",
    "repeat",
    "position",
    "status",
    "input",
    "expected",
    "output",
    "error",
    "error_type",
    "trace_id",
    "cluster",
    "epoch_ns(started_at) AS started_at",
    "duration_ms",
    "input_tokens",
    "output_tokens",
    "cost_usd",
    "scores",
)
# In experiment rows the inputs and outputs are the JSON that the task took and gave; in spans they are text.
EXPERIMENT_JSON = {"input", "expected", "output", "scores"}

MAX_SPANS_PER_PAGE = 5000
ORDER = re.compile(r"\s*([a-z_]+)(?:\s+(asc|desc))?\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Page:
    """Some items of a list, and where the next ones start (None: there are no more)."""

    items: list[dict[str, Any]]
    next_cursor: str | None


# Traces -----------------------------------------------------------------------------------------------------------


def list_traces(
    store: SpanStore,
    *,
    project: str | None,
    filter: str | None = None,
    order_by: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page:
    """Trace rows that match, newest first unless `order_by` says otherwise.

    Raises:
        InvalidRequest: the filter, the order or the cursor cannot be read.
    """
    condition = compile_filter(filter, "traces", "t")
    order = _order(order_by, "traces")
    if condition.sql == "true" and order == ("start_time", "DESC"):
        return _latest_traces(store, project, limit, cursor)
    select = f"SELECT {_list(TRACE_COLUMNS)} FROM traces t"
    return _keyset(store, select, project, condition, order, "trace_id", limit, cursor, readable=_readable_trace)


def _latest_traces(store: SpanStore, project: str | None, limit: int, cursor: str | None) -> Page:
    """The newest traces: their ids first, from three narrow columns, and only then the sums over their spans."""
    after = _decode_cursor(cursor)
    having = "" if after is None else "HAVING (min(start_time), trace_id) < (make_timestamp_ns(?), ?)"
    where, parameters = _within(project, "t")
    with store.read() as db:
        ids = db.execute(
            f"SELECT project, trace_id FROM span_log t WHERE {where} GROUP BY project, trace_id {having} "
            "ORDER BY min(start_time) DESC, trace_id DESC LIMIT ?",
            [*parameters, *(after or ()), limit + 1],
        ).fetchall()
        wanted = ids[:limit]
        if not wanted:
            return Page([], None)
        marks = ", ".join("(?, ?)" for _ in wanted)
        items = _fetch(
            db,
            f"SELECT {_list(TRACE_COLUMNS)} FROM traces t WHERE (project, trace_id) IN ({marks}) "
            "ORDER BY t.start_time DESC, t.trace_id DESC",
            [value for row in wanted for value in row],
        )
    return Page(
        [_readable_trace(item) for item in items], _cursor_after(items, "start_time", "trace_id", len(ids) > limit)
    )


def get_trace(
    store: SpanStore,
    trace_id: str,
    *,
    project: str | None = None,
    limit: int = MAX_SPANS_PER_PAGE,
    cursor: str | None = None,
) -> dict[str, Any] | None:
    """One trace row with `spans` in start order and `scores` in full; None when there is no such trace."""
    where, parameters = _within(project, "traces")
    after = _decode_cursor(cursor)
    more = "" if after is None else "AND (start_time, span_id) > (make_timestamp_ns(?), ?)"
    with store.read() as db:
        rows = _fetch(
            db,
            f"SELECT {_list(TRACE_COLUMNS)} FROM traces WHERE {where} AND trace_id = ? LIMIT 1",
            [*parameters, trace_id],
        )
        if not rows:
            return None
        parameters = [trace_id, rows[0]["project"]]
        spans = _fetch(
            db,
            f"SELECT {_list(SPAN_COLUMNS)} FROM span_log WHERE trace_id = ? AND project = ? {more} "
            f"ORDER BY start_time, span_id LIMIT ?",
            [*parameters, *(after or ()), limit + 1],
        )
        scores = _fetch(
            db,
            f"SELECT {_list(SCORE_COLUMNS)} FROM scores WHERE trace_id = ? AND project = ? ORDER BY created_at",
            parameters,
        )
    next_cursor = _cursor_after(spans[:limit], "start_time", "span_id", len(spans) > limit)
    return {
        **_readable_trace(rows[0]),
        "spans": [_readable(span) for span in spans[:limit]],
        "scores": [_readable(score) for score in scores],
        "next_cursor": next_cursor,
    }


# Spans ------------------------------------------------------------------------------------------------------------


def list_spans(
    store: SpanStore,
    *,
    project: str | None,
    filter: str | None = None,
    order_by: str | None = None,
    limit: int = 100,
    cursor: str | None = None,
) -> Page:
    """Spans that match, newest first unless `order_by` says otherwise.

    Raises:
        InvalidRequest: the filter, the order or the cursor cannot be read.
    """
    condition = compile_filter(filter, "spans", "t")
    select = f"SELECT {_list(SPAN_COLUMNS)} FROM span_log t"
    return _keyset(store, select, project, condition, _order(order_by, "spans"), "span_id", limit, cursor)


# Scores, experiments ----------------------------------------------------------------------------------------------


def list_scores(
    store: SpanStore,
    *,
    project: str | None,
    trace_id: str | None = None,
    experiment_id: str | None = None,
    name: str | None = None,
    limit: int = 100,
    cursor: str | None = None,
) -> Page:
    """Scores of a trace, of an experiment or by name, newest first."""
    wanted = {"trace_id": trace_id, "experiment_id": experiment_id, "name": name}
    asked = {column: value for column, value in wanted.items() if value is not None}
    condition = Compiled(" AND ".join(f"t.{column} = ?" for column in asked) or "true", list(asked.values()))
    select = f"SELECT {_list(SCORE_COLUMNS)} FROM scores t"
    return _keyset(store, select, project, condition, ("created_at", "DESC"), "id", limit, cursor)


def list_experiment_rows(store: SpanStore, experiment_id: str, *, limit: int = 1000, cursor: str | None = None) -> Page:
    """Rows of an experiment in the order in which they first arrived."""
    after = _decode_cursor(cursor)
    with store.read() as db:
        rows = _fetch(
            db,
            f"SELECT {_list(EXPERIMENT_ROW_COLUMNS)} FROM experiment_rows WHERE experiment_id = ? AND position > ? "
            "ORDER BY position LIMIT ?",
            [experiment_id, after[0] if after else -1, limit + 1],
        )
    next_cursor = _cursor_after(rows[:limit], "position", "item_id", len(rows) > limit)
    return Page([_readable_row(row) for row in rows[:limit]], next_cursor)


def experiment_rows(store: SpanStore, experiment_id: str) -> list[dict[str, Any]]:
    """All rows of an experiment."""
    items: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        found = list_experiment_rows(store, experiment_id, limit=10_000, cursor=cursor)
        items.extend(found.items)
        cursor = found.next_cursor
        if cursor is None:
            return items


def project_names(store: SpanStore) -> list[str]:
    """Names of the projects that have spans: one column is read, so every page may ask."""
    with store.read() as db:
        return [row["project"] for row in _fetch(db, "SELECT DISTINCT project FROM span_log", [])]


# Building blocks --------------------------------------------------------------------------------------------------


def _keyset(
    store: SpanStore,
    select: str,
    project: str | None,
    condition: Compiled,
    order: tuple[str, str],
    key: str,
    limit: int,
    cursor: str | None,
    *,
    readable: Callable[[Mapping[str, Any]], dict[str, Any]] | None = None,
) -> Page:
    """One page of a list in a total order: by a column, then by the key. Nulls come last whatever the direction."""
    column, direction = order
    after = _decode_cursor(cursor)
    where, parameters = _within(project, "t")
    where, parameters = f"{where} AND {condition.sql}", [*parameters, *condition.parameters]
    if after is not None:
        value, last_key = after
        beyond = "<" if direction == "DESC" else ">"
        if value is None:
            where += f" AND t.{column} IS NULL AND t.{key} {beyond} ?"
            parameters.append(last_key)
        else:
            mark = "make_timestamp_ns(?)" if column in TIME_COLUMNS else "?"
            equal = f"t.{column} = {mark} AND t.{key} {beyond} ?"
            where += f" AND (t.{column} {beyond} {mark} OR ({equal}) OR t.{column} IS NULL)"
            parameters += [value, value, last_key]
    sql = f"{select} WHERE {where} ORDER BY t.{column} {direction} NULLS LAST, t.{key} {direction} LIMIT ?"
    with store.read() as db:
        try:
            items = _fetch(db, sql, [*parameters, limit + 1])
        except (duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.InvalidInputException) as error:
            raise InvalidRequest(f"The filter cannot be answered: {str(error).splitlines()[0]}") from error
    next_cursor = _cursor_after(items[:limit], column, key, len(items) > limit)
    return Page([(readable or _readable)(item) for item in items[:limit]], next_cursor)


def _within(project: str | None, alias: str) -> tuple[str, list[Any]]:
    return ("true", []) if project is None else (f"{alias}.project = ?", [project])


def _order(order_by: str | None, target: Target) -> tuple[str, str]:
    if order_by is None:
        return "start_time", "DESC"
    match = ORDER.fullmatch(order_by)
    fields = TRACE_FIELDS if target == "traces" else SPAN_FIELDS
    column = match.group(1).lower() if match else ""
    if match is None or fields.get(column) in (None, "list", "json"):
        raise InvalidRequest(
            f"order_by {order_by!r} cannot be used.", hint="Give a field and asc or desc, as in: duration_ms desc"
        )
    return column, (match.group(2) or "asc").upper()


def _list(columns: tuple[str, ...]) -> str:
    return ", ".join(columns)


def _fetch(db: duckdb.DuckDBPyConnection, sql: str, parameters: list[Any]) -> list[dict[str, Any]]:
    result = db.execute(sql, parameters)
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _readable(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as readers see it: JSON parsed, times as ISO 8601 UTC with nanoseconds."""
    return {name: _read(name, value, JSON_COLUMNS) for name, value in row.items()}


def _readable_trace(row: Mapping[str, Any]) -> dict[str, Any]:
    trace = _readable(row)
    return {**trace, "models": trace["models"] or [], "tags": trace["tags"] or [], "scores": trace["scores"] or {}}


def _readable_row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _read(name, value, EXPERIMENT_JSON) for name, value in row.items() if name != "position"}


def _read(name: str, value: Any, json_columns: set[str]) -> Any:
    if value is None:
        return None
    if name in TIME_COLUMNS:
        return _iso(value)
    if name in json_columns or name == "attributes":
        return orjson.loads(value)
    return value


def _iso(nanoseconds: int) -> str:
    seconds, rest = divmod(nanoseconds, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def _cursor_after(items: list[dict[str, Any]], column: str, key: str, more: bool) -> str | None:
    if not (items and more):
        return None
    return base64.urlsafe_b64encode(orjson.dumps([items[-1][column], items[-1][key]])).decode("ascii")


def _decode_cursor(cursor: str | None) -> tuple[Any, Any] | None:
    if not cursor:
        return None
    try:
        value, key = orjson.loads(base64.urlsafe_b64decode(cursor.encode("ascii")))
    except (ValueError, TypeError) as error:
        raise InvalidRequest("The cursor cannot be read.", hint="Pass `next_cursor` as it was given.") from error
    if not isinstance(key, str) or not isinstance(value, (int, float, str, type(None))):
        raise InvalidRequest("The cursor cannot be read.", hint="Pass `next_cursor` as it was given.")
    return value, key
