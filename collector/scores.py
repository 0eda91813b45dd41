"""Scores: the row that each is stored as, and lists of them as readers ask: of a trace, of an experiment, by name."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Any

from assay.collector.paging import Order, Page, decode_cursor, encode_cursor, fetch, readable, within
from assay.collector.store import SpanStore
from assay.collector.values import to_json
from assay.scores import ScoreValue

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
NEWEST = Order("created_at", "DESC")


def score_row(
    *,
    project: str,
    name: str,
    value: ScoreValue | None,
    source: str,
    id: str | None = None,
    explanation: str | None = None,
    author: str | None = None,
    trace_id: str | None = None,
    span_id: str | None = None,
    session_id: str | None = None,
    experiment_id: str | None = None,
    item_id: str | None = None,
    repeat: int | None = None,
    error: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A score of this moment as a row of score_log; without an `id` it gets a new one."""
    return {
        "id": id or uuid.uuid4().hex,
        "project": project,
        "name": name,
        "value": None if value is None else to_json(value),
        "explanation": explanation,
        "source": source,
        "author": author,
        "trace_id": trace_id,
        "span_id": span_id,
        "session_id": session_id,
        "experiment_id": experiment_id,
        "item_id": item_id,
        "repeat": repeat,
        "status": "scored" if value is not None else "scorer_error",
        "error": error,
        "metadata": to_json(metadata) if metadata else None,
        "created_at": time.time_ns(),
    }


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
    """Scores of a trace, of an experiment or by name, newest first.

    Raises:
        InvalidRequest: the cursor cannot be read.
    """
    where, parameters = within(project, "t")
    for column, value in (("trace_id", trace_id), ("experiment_id", experiment_id), ("name", name)):
        if value is not None:
            where, parameters = f"{where} AND t.{column} = ?", [*parameters, value]
    if (after := decode_cursor(cursor)) is not None:
        beyond, values = NEWEST.beyond("t", ["id"], after)
        where, parameters = f"{where} AND {beyond}", [*parameters, *values]
    select = f"SELECT {', '.join(SCORE_COLUMNS)} FROM scores t"
    with store.read() as db:
        rows = fetch(db, f"{select} WHERE {where} ORDER BY {NEWEST.sql('t', ['id'])} LIMIT ?", [*parameters, limit + 1])
    last = rows[limit - 1] if len(rows) > limit else None
    next_cursor = encode_cursor([last["created_at"], last["id"]]) if last else None
    return Page([readable(row) for row in rows[:limit]], next_cursor)
