"""The rows of traces as readers get them, summed up from their spans.

Where the spans are few, as on nearly every page, Python sums them up; of long traces the database does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import duckdb
import orjson

from assay.collector.filter_fields import TRACE_FIELDS
from assay.collector.listed import listed_trace
from assay.collector.open_view import shown_open
from assay.collector.paging import TIME_COLUMNS, fetch, readable
from assay.collector.trace_blocks import ANYWHERE
from assay.collector.trace_sql import summed_up
from assay.collector.trace_sums import ORDER, SPAN_FIELDS, sum_up
from assay.collector.whole import whole_spans

ROW_FIELDS = (
    *(name for name in TRACE_FIELDS if name not in ("project", "trace_id")),
    *("kind", "input_id", "output_id"),
)
FEW_SPANS = 5_000
_of = itemgetter(*map(SPAN_FIELDS.index, ("project", "trace_id")))
_in_order = itemgetter(*map(SPAN_FIELDS.index, ORDER))
ONE_SCORE = (
    *("project", "name", "source", "author", "trace_id", "span_id"),
    *("session_id", "experiment_id", "item_id", "repeat"),
)


@dataclass(frozen=True, slots=True)
class TraceKey:
    """A trace, and between which times its spans start, in nanoseconds."""

    project: str
    trace_id: str
    start: int
    last_start: int

    @property
    def of(self) -> tuple[str, str]:
        """Project and id."""
        return (self.project, self.trace_id)


def trace_rows(
    db: duckdb.DuckDBPyConnection, keys: Sequence[TraceKey], lies: str = ANYWHERE, *, many_spans: bool = False
) -> list[dict[str, Any]]:
    """The rows of these traces, in their order, with `input` and `output` whole.

    Args:
        lies: SQL that holds for each of their spans `s`.
        many_spans: it is known that they have more than FEW_SPANS.
    """
    if not keys:
        return []
    ids, projects = sorted({key.trace_id for key in keys}), sorted({key.project for key in keys})
    where = (  # the ids as a join, for whose rows alone the long columns are read
        "s.start_time BETWEEN make_timestamp_ns(?) AND make_timestamp_ns(?)"
        f" AND s.trace_id IN (SELECT unnest(?::VARCHAR[])) AND s.project IN ({_marks(projects)}) AND {lies}"
    )
    parameters = [min(key.start for key in keys), max(key.last_start for key in keys), ids, *projects]
    found = None if many_spans else _few_summed_up(db, where, parameters)
    if found is None:
        found = fetch(
            db,
            "SELECT * EXCLUDE (last_start) REPLACE (epoch_ns(start_time) AS start_time, epoch_ns(end_time) AS end_time)"
            f" FROM ({summed_up(ROW_FIELDS, where)})",
            parameters,
        )
    whole = {(row["project"], row["trace_id"]): row for row in whole_spans(db, found)}
    scores = latest_scores(db, keys)
    return [
        readable_trace({**whole[key.project, key.trace_id], "scores": scores.get((key.project, key.trace_id), {})})
        for key in keys
        if (key.project, key.trace_id) in whole
    ]


def _few_summed_up(db: duckdb.DuckDBPyConnection, where: str, parameters: Sequence[Any]) -> list[dict[str, Any]] | None:
    """The rows of traces that have few spans; None where they have more than are worth moving into Python."""
    columns = [f"epoch_ns(s.{name}) AS {name}" if name in TIME_COLUMNS else f"s.{name}" for name in SPAN_FIELDS]
    sql = f"SELECT {', '.join(columns)} FROM span_log s WHERE {where} LIMIT {FEW_SPANS + 1}"
    spans = db.execute(sql, list(parameters)).fetchall()
    if len(spans) > FEW_SPANS:
        return None
    traces: dict[tuple[str, str], list[tuple[Any, ...]]] = {}
    for span in spans:
        traces.setdefault(_of(span), []).append(span)
    return [
        sum_up(dict(zip(SPAN_FIELDS, zip(*sorted(each, key=_in_order), strict=True), strict=True)))
        for each in traces.values()
    ]


def _marks(values: Sequence[str]) -> str:
    """Placeholders for parameters."""
    return ", ".join("?" * len(values))


def latest_scores(db: duckdb.DuckDBPyConnection, keys: Sequence[TraceKey]) -> dict[tuple[str, str], dict[str, Any]]:
    """The newest value of each score of these traces, by project and trace."""
    rows = fetch(
        db,
        f"SELECT {', '.join(ONE_SCORE)}, created_at, value FROM score_log WHERE trace_id IN ? ORDER BY created_at, id",
        [list({key.trace_id for key in keys})],
    )
    latest = {tuple(row[name] for name in ONE_SCORE): row for row in rows}  # given again, a score replaces the first
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in sorted(latest.values(), key=lambda row: (row["name"], row["created_at"])):
        if row["value"] is not None:
            scores = found.setdefault((row["project"], row["trace_id"]), {})
            scores[row["name"]] = orjson.loads(row["value"])
    return found


def readable_trace(row: dict[str, Any]) -> dict[str, Any]:
    trace = shown_open(readable(row, {"metadata"}))
    trace = listed_trace(trace)
    return {**trace, "models": trace["models"] or [], "tags": trace["tags"] or []}
