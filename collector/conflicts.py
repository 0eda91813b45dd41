"""Spans that were sent again with other content: the first one stands, and the others are counted."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from assay.collector import arrow as pa
from assay.collector.batch import SpanBatch

# What a sender says of a span, and what is never filled in later: a log record may still add to events and content.
COMPARED = ("name", "parent_span_id", "end_time", "status", "status_message", "span_kind", "attributes")
KEYS = ("project", "trace_id", "span_id", "start_time")

COUNT = f"""
SELECT count(*) FROM batch JOIN span_log stored
    ON stored.start_time BETWEEN make_timestamp_ns($first) AND make_timestamp_ns($last)
    AND {" AND ".join(f"stored.{name} = batch.{name}" for name in KEYS)}
WHERE {" OR ".join(f"stored.{name} IS DISTINCT FROM batch.{name}" for name in COMPARED if name != "attributes")}
    OR stored.attributes::VARCHAR IS DISTINCT FROM batch.attributes::VARCHAR
"""


def count_conflicts(cursor: duckdb.DuckDBPyConnection, batches: Sequence[SpanBatch]) -> int:
    """How many of these spans differ from those that are stored under the same ids and start time."""
    table = pa.concat_tables([batch.table.select([*KEYS, *COMPARED]) for batch in batches])
    cursor.register("batch", table)
    try:
        times = {"first": min(batch.first for batch in batches), "last": max(batch.last for batch in batches)}
        [(conflicts,)] = cursor.execute(COUNT, times).fetchall()
    finally:
        cursor.unregister("batch")
    return int(conflicts)
