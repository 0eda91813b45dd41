"""Scores as readers ask for them: of a trace, of an experiment, by name."""

from __future__ import annotations

from assay.collector.paging import Order, Page, decode_cursor, encode_cursor, fetch, readable, within
from assay.collector.store import SpanStore

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
