"""One trace, span or row of an experiment as an item: what it was asked, what it answered, and where it is. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from assay.evaluation.data.items import NOTHING, Item

LINKED = ("trace_id", "name", "session_id", "user_id", "tags", "prompt_name", "prompt_version")


def item_of_trace(row: Mapping[str, Any], root: Mapping[str, Any] | None = None) -> Item | None:
    """The item of a trace as the API lists it, or of a span alone; None where no input was recorded.

    Args:
        root: the trace's root span, or the span itself: only spans know text from JSON.
    """
    span = root or {}
    given, answered = recorded(span, "input", row.get("input")), recorded(span, "output", row.get("output"))
    if given is None:
        return None
    return Item(
        id=row.get("span_id") or row["trace_id"],
        input=given,
        # what failed has no answer: its output would be judged as if it were one
        output=NOTHING if answered is None or row.get("status") == "error" else answered,
        metadata={name: value for name in (*LINKED, "span_id") if (value := row.get(name)) not in (None, [], "")},
        trace_id=row["trace_id"],
    )


def item_of_row(row: Mapping[str, Any]) -> Item | None:
    """The item of a row of an experiment, with what was expected there; None where it has no input."""
    if row.get("input") is None:
        return None
    linked = {name: value for name in ("trace_id", "experiment_id") if (value := row.get(name))}
    return Item(
        id=row["item_id"],
        input=row["input"],
        expected=row.get("expected"),
        output=NOTHING if row.get("output") is None else row["output"],
        metadata=linked,
        trace_id=row.get("trace_id"),
    )


def recorded(span: Mapping[str, Any], side: str, text: str | None) -> Any:
    """What a span says of its input or output: JSON where it was recorded as such, else the text; None where it says
    nothing.
    """
    attributes = span.get("attributes") or {}
    value, kind = attributes.get(f"{side}.value"), attributes.get(f"{side}.mime_type")
    if isinstance(value, str) and kind == "application/json":
        try:
            return json.loads(value)
        except ValueError:  # cut at a limit of size: what is left of it is text
            return value
    if isinstance(value, str):
        return value
    return span.get(side) if span.get(side) is not None else text
