"""What programs say of spans that are still open: log records, which other back ends pass over. Pure.

`assay.span.started` has the span's ids, its attributes so far, and in its body the name, the parent and the start;
`assay.process.alive` comes every few seconds while spans are open, `assay.process.ended` when a program ends in order.
All name their process by the resource's `service.instance.id`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from assay import semconv
from assay.collector.batch import SpanKey
from assay.collector.canonical import span_row
from assay.collector.columns import COLUMN_NAMES
from assay.collector.decode import SPAN_KINDS, DecodedSpan
from assay.collector.decode_json import is_id
from assay.collector.decode_logs import DecodedLog
from assay.collector.open_spans import IN_PROGRESS, Process
from assay.collector.values import as_text

MAX_INSTANCE_CHARS = 200
_PROJECT, _STATUS = COLUMN_NAMES.index("project"), COLUMN_NAMES.index("status")


@dataclass(slots=True)
class Announced:
    """What one request says of open spans: rows in the order of SPAN_COLUMNS, and processes by what became of them."""

    rows: list[list[Any]] = field(default_factory=list)
    instances: dict[SpanKey, str] = field(default_factory=dict)
    alive: set[Process] = field(default_factory=set)
    ended: set[Process] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.rows or self.alive or self.ended)

    def take(self, record: DecodedLog, project: str, received_at: int) -> bool:
        """Take up a record that speaks of open spans; False: it speaks of something else, or cannot be used."""
        process = (project, instance_of(record.resource))
        if record.event_name == semconv.ASSAY_PROCESS_ALIVE:
            self.alive.add(process)
        elif record.event_name == semconv.ASSAY_PROCESS_ENDED:
            self.ended.add(process)
        elif record.event_name == semconv.ASSAY_SPAN_STARTED and (span := announced_span(record)) is not None:
            row = span_row(span, received_at=received_at)
            row[_PROJECT], row[_STATUS] = project, IN_PROGRESS
            self.rows.append(row)
            self.instances[project, span.trace_id, span.span_id] = process[1]
            self.alive.add(process)
        else:
            return False
        return True


def instance_of(resource: Mapping[str, Any]) -> str:
    return (as_text(resource.get(semconv.SERVICE_INSTANCE_ID)) or "")[:MAX_INSTANCE_CHARS]


def announced_span(record: DecodedLog) -> DecodedSpan | None:
    """The open span as it is so far; None where the record does not say enough."""
    body = record.body if isinstance(record.body, dict) else {}
    if not record.trace_id or not record.span_id or not record.time:
        return None
    parent = body.get("parent_span_id")
    kind = body.get("kind")
    return DecodedSpan(
        trace_id=record.trace_id,
        span_id=record.span_id,
        parent_span_id=parent.lower() if isinstance(parent, str) and is_id(parent.lower(), 8) else None,
        name=as_text(body.get("name")) or "",
        span_kind=kind if kind in SPAN_KINDS.values() else None,
        start_time=record.time,
        end_time=record.time,
        status="unset",
        status_message=None,
        attributes=record.attributes,
        events=[],
        links=[],
        trace_state=None,
        dropped_attributes_count=0,
        scope=record.scope,
        resource=record.resource,
    )
