"""Pricing again what is stored: after own prices changed, or the price list learned a model.

Costs that spans reported themselves stay. Everything else gets the price of the day it started, or none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from assay import semconv
from assay.collector import arrow as pa
from assay.collector.columns import JSON_ATTRIBUTES, TEXT_ATTRIBUTES
from assay.collector.deletions import mark_changed
from assay.collector.dialects import DIALECTS
from assay.prices import NANOSECONDS_PER_DAY, cost_usd

EPOCH_DAY = date(1970, 1, 1).toordinal()
LAST_NS = 9_223_286_400_000_000_000  # what starts later can hardly have been priced
KEY = (
    "provider",
    "request_model",
    "response_model",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
)

Job = Callable[[duckdb.DuckDBPyConnection], Any]


def cost_names() -> tuple[str, ...]:
    """The attributes, by the starts of their names, in which spans report what they cost."""
    names: dict[str, None] = {}
    for dialect in DIALECTS:
        names |= dict.fromkeys(dialect.fields.get("cost_usd", ()))
        for function in dialect.functions_of("cost_usd"):
            names |= dict.fromkeys(getattr(function, "needs", ()))
    return tuple(names)


def _reported() -> str:
    """SQL: whether a span says itself what it cost. A plain zero says that the sender knew no price, unless a cache
    answered.
    """
    names = (*cost_names(), semconv.ASSAY_CACHE_HIT)
    starts = " OR ".join(f"starts_with(name, '{name}')" for name in names)
    short = "[entry.key for entry in map_entries(attributes) if entry.value::VARCHAR NOT IN ('0', '0.0')]"
    found = f"list_concat({short}, map_keys({TEXT_ATTRIBUTES}), map_keys({JSON_ATTRIBUTES}))"
    return f"len([name for name in {found} if {starts}]) > 0"


PRICED = f"kind IN ('llm', 'embedding') AND NOT ({_reported()})"


@dataclass(frozen=True, slots=True)
class Spans:
    """Which spans are priced again: those that start between two times, of one project or of all."""

    first_ns: int
    before_ns: int
    project: str | None

    def where(self) -> tuple[str, list[Any]]:
        sql, values = "start_time >= make_timestamp_ns(?) AND start_time < make_timestamp_ns(?)", []
        values += [self.first_ns, self.before_ns]
        return (f"{sql} AND project = ?", [*values, self.project]) if self.project else (sql, values)


def reprice(
    put_job: Callable[[Job], Future[Any]], days: list[date], *, since_ns: int = 0, project: str | None = None
) -> int:
    """Price the model calls of these days again, a day at a time so that spans go on being stored; how many changed."""
    return sum(put_job(_day_job(spans)).result() for spans in _by_day(days, since_ns, project))


def days_with_calls(db: duckdb.DuckDBPyConnection, *, since_ns: int, project: str | None) -> list[date]:
    """The days (UTC) on which model calls started."""
    condition, values = Spans(since_ns, LAST_NS, project).where()
    found = db.execute(
        f"SELECT DISTINCT start_time::DATE AS day FROM span_log WHERE kind IN ('llm', 'embedding') AND {condition}"
        " ORDER BY day",
        values,
    ).fetchall()
    return [day for (day,) in found]


def _by_day(days: list[date], since_ns: int, project: str | None) -> Iterator[Spans]:
    for day in days:
        start = (day.toordinal() - EPOCH_DAY) * NANOSECONDS_PER_DAY
        yield Spans(max(start, since_ns), start + NANOSECONDS_PER_DAY, project)


def _day_job(spans: Spans) -> Job:
    return lambda cursor: reprice_spans(cursor, spans)


def reprice_spans(cursor: duckdb.DuckDBPyConnection, spans: Spans) -> int:
    """Within the caller's transaction; how many costs changed."""
    where, values = spans.where()
    where = f"{where} AND {PRICED}"
    combinations = cursor.execute(f"SELECT DISTINCT {', '.join(KEY)} FROM span_log WHERE {where}", values).fetchall()
    if not combinations:
        return 0
    rows = [dict(zip(KEY, values, strict=True)) for values in combinations]
    columns = {name: pa.array([row[name] for row in rows], _type(name)) for name in KEY}
    columns["cost"] = pa.array([_cost(row, spans.first_ns) for row in rows], pa.float64())
    same = " AND ".join(f"priced.{name} IS NOT DISTINCT FROM span_log.{name}" for name in KEY)
    cursor.register("priced", pa.table(columns))
    try:
        changed = f"{where} AND EXISTS (SELECT 1 FROM priced WHERE {same} AND priced.cost IS DISTINCT FROM cost_usd)"
        mark_changed(cursor, changed, values)
        [(count,)] = cursor.execute(
            f"UPDATE span_log SET cost_usd = priced.cost FROM priced"
            f" WHERE {same} AND priced.cost IS DISTINCT FROM span_log.cost_usd AND {where}",
            values,
        ).fetchall()
    finally:
        cursor.unregister("priced")
    return int(count)


def _type(name: str) -> pa.DataType:
    return pa.int64() if name.endswith("_tokens") else pa.string()


def _cost(row: dict[str, Any], at: int) -> float | None:
    return cost_usd(
        provider=row["provider"],
        models=(row["response_model"], row["request_model"]),
        at=at,
        **{name: row[name] for name in KEY if name.endswith("_tokens")},
    )
