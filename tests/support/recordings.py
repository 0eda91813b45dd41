"""Requests that real libraries sent, as the rows that the collector makes of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from assay.collector.canonical import span_row
from assay.collector.columns import COLUMN_NAMES
from assay.collector.convert import Filing
from assay.collector.decode import decode_request
from assay.collector.decode_logs import decode_logs
from assay.collector.log_events import sort_records, with_events

DATA = Path(__file__).parents[1] / "data"

Row = dict[str, Any]

JSON_COLUMNS = ("metadata", "model_parameters", "input_messages", "output_messages", "tools", "documents")


def recorded_rows(dialect: str, recording: str) -> list[Row]:
    """The spans of one recording in the order sent, JSON columns as the values they spell.

    Log records that were recorded with them have joined their spans.
    """
    decoded = decode_request((DATA / dialect / f"{recording}.pb").read_bytes())
    assert not decoded.rejected
    events = _events(DATA / dialect / f"{recording}.logs.pb")
    spans = [replace(span, events=with_events(span.events, events.get(span.span_id, ()))) for span in decoded.spans]
    return [_row(span_row(span, received_at=1)) for span in spans]


def _events(logs: Path) -> dict[str, list[dict[str, Any]]]:
    """The log records of a recording as events, by the id of their span."""
    filing = Filing(received_at=1)
    sent = decode_logs(logs.read_bytes()).records if logs.exists() else []
    events: dict[str, list[dict[str, Any]]] = {}
    for found in sort_records(sent, filing).events:
        events.setdefault(found.key[2], []).append(found.event)
    return events


def recorded_row(dialect: str, recording: str, **wanted: Any) -> Row:
    """The first span of a recording whose columns have these values."""
    rows = recorded_rows(dialect, recording)
    found = next((row for row in rows if all(row[column] == value for column, value in wanted.items())), None)
    assert found is not None, f"{recording} has no span with {wanted}; it has {[(r['name'], r['kind']) for r in rows]}"
    return found


def columns(row: Row, *names: str) -> tuple[Any, ...]:
    return tuple(row[name] for name in names)


def said(messages: list[dict[str, Any]] | None) -> list[tuple[str, Any]]:
    """Messages as a person would jot them down: role, and text, `name(arguments)` or `-> response` of every part."""
    return [(message["role"], [_jotted(part) for part in message["parts"]]) for message in messages or []]


def _jotted(part: dict[str, Any]) -> Any:
    kind = part["type"]
    if kind == "text":
        return part["content"]
    if kind == "tool_call":
        return f"{part['id']}: {part['name']}({json.dumps(part['arguments'])})"
    if kind == "tool_call_response":
        return f"{part['id']} -> {json.dumps(part['response'])}"
    return {key: value for key, value in part.items() if value is not None}


def _row(values: list[Any]) -> Row:
    row = dict(zip(COLUMN_NAMES, values, strict=True))
    return {name: json.loads(value) if name in JSON_COLUMNS and value else value for name, value in row.items()}
