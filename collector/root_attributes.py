"""Single attributes of traces, for lists with a column of them: of the first span that has each, the root first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from assay.collector.filter_text import whole_attribute
from assay.collector.paging import fetch
from assay.collector.store import SpanStore
from assay.collector.trace_sql import ROOT_FIRST


def root_attributes(
    store: SpanStore, project: str, trace_ids: Sequence[str], keys: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Trace id -> attribute -> value, of the attributes that some span of the trace has."""
    if not trace_ids or not keys:
        return {}
    values = [whole_attribute("s", key) for key in keys]
    firsts = [f"arg_min(s.v{number}, {ROOT_FIRST}) AS v{number}" for number in range(len(keys))]
    columns = ", ".join(f"({sql})::VARCHAR AS v{number}" for number, (sql, _) in enumerate(values))
    with store.read() as db:
        rows = fetch(
            db,
            f"SELECT s.trace_id, {', '.join(firsts)} FROM ("
            "SELECT s.trace_id, s.span_id, s.parent_span_id, s.start_time,"
            f" {columns} FROM span_log s WHERE s.project = ? AND s.trace_id IN (SELECT unnest(?::VARCHAR[]))) s"
            " GROUP BY s.trace_id",
            [*(parameter for _, parameters in values for parameter in parameters), project, list(trace_ids)],
        )
    return {
        row["trace_id"]: {
            key: orjson.loads(value) for number, key in enumerate(keys) if (value := row[f"v{number}"]) is not None
        }
        for row in rows
    }
