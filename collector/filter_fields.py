"""What a filter may speak of: the fields of spans and of traces, their types, and those that are asked by key."""

from __future__ import annotations

from typing import Literal

from assay.collector.columns import PUBLIC_COLUMNS

Type = Literal["text", "integer", "number", "time", "list", "json", "boolean", "any"]

SPAN_FIELDS: dict[str, Type] = {
    column.name: "json" if column.kind == "map" else column.kind for column in PUBLIC_COLUMNS
}
TRACE_FIELDS: dict[str, Type] = {
    "project": "text",
    "trace_id": "text",
    "name": "text",
    "input": "text",
    "output": "text",
    "status": "text",
    "status_message": "text",
    "start_time": "time",
    "end_time": "time",
    "duration_ms": "number",
    "span_count": "integer",
    "error_count": "integer",
    "input_tokens": "integer",
    "output_tokens": "integer",
    "total_tokens": "integer",
    "cache_read_tokens": "integer",
    "cache_write_tokens": "integer",
    "reasoning_tokens": "integer",
    "cost_usd": "number",
    "models": "list",
    "session_id": "text",
    "user_id": "text",
    "tags": "list",
    "metadata": "json",
    "service_name": "text",
    "environment": "text",
    "release": "text",
    "prompt_name": "text",
    "prompt_version": "integer",
    "ab_test": "text",
    "ab_arm": "text",
    "experiment_id": "text",
    "item_id": "text",
}
# Fields with so few values that another one is a slip of the pen
CHOICES = {"status": ("unset", "ok", "error", "in_progress", "interrupted")}
# Fields whose parts are asked for by key: attributes['http.route'], metadata.plan, scores.helpful
KEYED = ("attributes", "metadata", "resource", "model_parameters", "scores")
FUNCTIONS = ("any", "child", "search")

# Fields of a trace that take their value from one of its spans, so that a span with that value must be there.
TAKEN_FROM_A_SPAN = frozenset(
    name
    for name in TRACE_FIELDS
    if name in SPAN_FIELDS and not name.endswith("_tokens") and name not in ("name", "duration_ms", "cost_usd")
)


def known_names(target: Literal["traces", "spans"]) -> list[str]:
    """Every word that may stand in a filter over `target`."""
    fields = {**TRACE_FIELDS, **SPAN_FIELDS} if target == "traces" else SPAN_FIELDS
    return sorted({*fields, *KEYED})
