"""Rows of experiments, in the order in which they first arrived."""

from __future__ import annotations

from typing import Any

from assay.collector.paging import Page, decode_cursor, encode_cursor, fetch, readable
from assay.collector.store import SpanStore

COLUMNS = (
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
# Here inputs and outputs are the JSON that the task took and gave; in spans they are text.
JSON_COLUMNS = {"input", "expected", "output", "scores"}


def list_experiment_rows(store: SpanStore, experiment_id: str, *, limit: int = 1000, cursor: str | None = None) -> Page:
    """Rows of an experiment in the order in which they first arrived.

    Raises:
        InvalidRequest: the cursor cannot be read.
    """
    after = decode_cursor(cursor)
    with store.read() as db:
        rows = fetch(
            db,
            f"SELECT {', '.join(COLUMNS)} FROM experiment_rows WHERE experiment_id = ? AND position > ?"
            " ORDER BY position LIMIT ?",
            [experiment_id, after[0] if after else -1, limit + 1],
        )
    last = rows[limit - 1] if len(rows) > limit else None
    next_cursor = encode_cursor([last["position"], last["item_id"]]) if last else None
    items = [readable({k: v for k, v in row.items() if k != "position"}, JSON_COLUMNS) for row in rows[:limit]]
    return Page(items, next_cursor)


def get_experiment_row(store: SpanStore, experiment_id: str, item_id: str, repeat: int = 0) -> dict[str, Any] | None:
    """One row of an experiment; None when there is none."""
    with store.read() as db:
        rows = fetch(
            db,
            f"SELECT {', '.join(COLUMNS)} FROM experiment_rows WHERE experiment_id = ? AND item_id = ? AND repeat = ?",
            [experiment_id, item_id, repeat],
        )
    return next((readable({k: v for k, v in row.items() if k != "position"}, JSON_COLUMNS) for row in rows), None)


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
