"""What a reviewer sees of an item: the conversation, the answer, what was expected."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from assay.collector import queries
from assay.collector.review.refs import Ref
from assay.collector.store import SpanStore

MESSAGES = ("input_messages", "output_messages")


def content_of(store: SpanStore, project: str, ref: Ref) -> dict[str, Any]:
    """`input`, `output` and `expected` (null where there is none), `messages` of the model call that answered, and
    where to read on. `is_gone` where nothing is left of it.
    """
    if ref.experiment_id is not None:
        return _row(store, project, ref)
    assert ref.trace_id is not None
    if ref.span_id is not None:
        span = queries.get_span(store, ref.trace_id, ref.span_id, project=project)
        return _content(ref, span, expected=_expected(store, span), messages=span, recorded=span)
    trace = next(iter(_traces(store, project, ref.trace_id)), None)
    if trace is None:
        return _content(ref, None)
    root, answering = _root(store, project, ref.trace_id), _answering(store, project, ref.trace_id)
    return _content(ref, trace, expected=_expected(store, trace), messages=answering, recorded=root)


def _row(store: SpanStore, project: str, ref: Ref) -> dict[str, Any]:
    assert ref.experiment_id is not None
    row = queries.get_experiment_row(store, ref.experiment_id, str(ref.item_id), ref.repeat or 0)
    answering = _answering(store, project, ref.trace_id) if ref.trace_id else None
    return _content(ref, row, expected=row["expected"] if row else None, messages=answering)


def _content(
    ref: Ref,
    found: Mapping[str, Any] | None,
    *,
    expected: Any = None,
    messages: Mapping[str, Any] | None = None,
    recorded: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    found = found or {}
    return {
        "ref": str(ref),
        "kind": ref.kind,
        "is_gone": not found,
        "name": found.get("name") or ref.item_id,
        "input": _recorded(recorded, "input", found.get("input")),
        "output": _recorded(recorded, "output", found.get("output")),
        "expected": expected,
        "error": found.get("error") or found.get("status_message"),
        "status": found.get("status"),
        "messages": {side: (messages or {}).get(side) or [] for side in MESSAGES},
        "documents": (messages or {}).get("documents") or [],
        "trace_id": ref.trace_id,
        "span_id": ref.span_id,
    }


def _traces(store: SpanStore, project: str, trace_id: str) -> list[dict[str, Any]]:
    return queries.list_traces(store, project=project, filter=f"trace_id = '{trace_id}'", limit=1).items


def _root(store: SpanStore, project: str, trace_id: str) -> dict[str, Any] | None:
    where = f"trace_id = '{trace_id}' and parent_span_id is null"
    return next(iter(queries.list_spans(store, project=project, filter=where, limit=1).items), None)


def _answering(store: SpanStore, project: str, trace_id: str) -> dict[str, Any] | None:
    """The last model call: its messages are the conversation as far as it went."""
    where = f"trace_id = '{trace_id}' and kind = 'llm'"
    return next(iter(queries.list_spans(store, project=project, filter=where, limit=1).items), None)


def _expected(store: SpanStore, found: Mapping[str, Any] | None) -> Any:
    """What the item of an experiment expected that a trace or a span belongs to."""
    if not found or not found.get("experiment_id") or not found.get("item_id"):
        return None
    row = queries.get_experiment_row(store, found["experiment_id"], found["item_id"])
    return row["expected"] if row else None


def _recorded(span: Mapping[str, Any] | None, side: str, text: Any) -> Any:
    """What a span recorded as JSON as what it is; else the text."""
    attributes = (span or {}).get("attributes") or {}
    value = attributes.get(f"{side}.value")
    if isinstance(value, str) and attributes.get(f"{side}.mime_type") == "application/json":
        try:
            return json.loads(value)
        except ValueError:  # cut at a limit of size: what is left of it is text
            return value
    return text
