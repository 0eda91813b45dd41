"""Labels as scores: what a reviewer said, on the trace, span or row that it is about. Pure."""

from __future__ import annotations

import uuid
from typing import Any

from assay.collector.registry.review_work import Change
from assay.collector.review.refs import Ref
from assay.collector.review.rubric import PREFERENCES
from assay.collector.values import to_json

SOURCE = "human"


def score_rows(change: Change, *, now_ns: int) -> list[dict[str, Any]]:
    """Rows of score_log that make a reviewer's scores say what they say now.

    The newest score of a name, source and author on a thing is the one that counts. What was taken back is followed by
    one without a value, which no figure counts. A preference is the score of the first output: 1 where it is the better
    one, 0.5 for a tie, 0 where the second is; which one that was stands in the metadata.
    """
    before, after = change.before or {}, change.after or {}
    values = {**dict.fromkeys(name for name in before if name not in after), **after}
    return [_row(change, name, value, now_ns) for name, value in values.items()]


def _row(change: Change, name: str, value: Any, now_ns: int) -> dict[str, Any]:
    ref, against = Ref.of(change.item["ref"]), change.item["against"]
    metadata: dict[str, Any] = {"review_queue": change.queue["name"], "position": change.item["position"]}
    if against is not None:
        metadata |= {"against": str(Ref.of(against)), "preferred": value}
        value = None if value is None else PREFERENCES[value]
    if value is None:
        metadata["taken_back"] = True
    return {
        "id": uuid.uuid4().hex,
        "project": change.queue["project"],
        "name": name,
        "value": None if value is None else to_json(value),
        "explanation": change.comment,
        "source": SOURCE,
        "author": change.reviewer,
        "trace_id": ref.trace_id,
        "span_id": ref.span_id,
        "session_id": None,
        "experiment_id": ref.experiment_id,
        "item_id": ref.item_id,
        "repeat": ref.repeat,
        "status": "not_applicable" if value is None else "scored",
        "error": None,
        "metadata": to_json(metadata),
        "created_at": now_ns,
    }
