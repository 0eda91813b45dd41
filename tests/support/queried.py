"""A store of spans written as rows, for tests of what readers get: no protobuf, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from assay.collector.batch import span_batch
from assay.collector.columns import COLUMN_NAMES
from assay.collector.service import Service

SECOND = 10**9
DEFAULTS: dict[str, Any] = {
    "project": "test",
    "name": "work",
    "dialect": "generic",
    "status": "ok",
    "attributes": {},
    "resource": {},
    "received_at": 0,
    "span_kind": "internal",
}


def span(trace: int, number: int, *, start: int, lasts: int = SECOND, **fields: Any) -> dict[str, Any]:
    """A span of a trace; `parent` is the number of its parent, and times are nanoseconds."""
    parent = fields.pop("parent", None)
    return {
        "trace_id": f"{trace:032x}",
        "span_id": f"{trace:08x}{number:08x}",
        "parent_span_id": None if parent is None else f"{trace:08x}{parent:08x}",
        "start_time": start,
        "end_time": start + lasts,
        "duration_ms": lasts / 1e6,
        **fields,
    }


def store_spans(service: Service, spans: Iterable[Mapping[str, Any]]) -> None:
    """Commit these spans, as the writer does with what was received."""
    rows = [[{**DEFAULTS, **each}.get(name) for name in COLUMN_NAMES] for each in spans]
    batch = span_batch(rows)
    assert batch is not None
    service.writer.put_spans(batch, 1000).result()
