"""The columns of a span: one table that the schema, the writer, the filter language and the API all read.

Order is the order of the public span, then what the store keeps for itself. How a column lies in the table `span_log`:

- most as they are, typed;
- those of `CONTENT_COLUMNS` as `<name>_ids`, the ids of the pieces of their JSON text in the table `content`;
- those of `LONG_TEXT_COLUMNS` with their first `INLINE_CHARS` characters, and `<name>_id` of the whole if longer;
- `attributes` as three maps: short values as JSON text, long strings and long structures as ids of their pieces.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from assay.collector import arrow as pa

Kind = Literal["text", "integer", "number", "time", "list", "json", "map"]

JSON_MARK = {"ARROW:extension:name": "arrow.json", "ARROW:extension:metadata": ""}
"""On a field of text that is JSON already: DuckDB then takes it as its own JSON, and does not parse it once more."""


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    kind: Kind


SPAN_COLUMNS: tuple[Column, ...] = (
    Column("project", "text"),
    Column("trace_id", "text"),
    Column("span_id", "text"),
    Column("parent_span_id", "text"),
    Column("name", "text"),
    Column("kind", "text"),
    Column("operation", "text"),
    Column("dialect", "text"),
    Column("start_time", "time"),
    Column("end_time", "time"),
    Column("duration_ms", "number"),
    Column("status", "text"),
    Column("status_message", "text"),
    Column("service_name", "text"),
    Column("environment", "text"),
    Column("release", "text"),
    Column("session_id", "text"),
    Column("user_id", "text"),
    Column("tags", "list"),
    Column("metadata", "json"),
    Column("provider", "text"),
    Column("request_model", "text"),
    Column("response_model", "text"),
    Column("finish_reasons", "list"),
    Column("model_parameters", "json"),
    Column("input_messages", "json"),
    Column("output_messages", "json"),
    Column("tools", "json"),
    Column("input", "text"),
    Column("output", "text"),
    Column("documents", "json"),
    Column("tool_name", "text"),
    Column("tool_call_names", "list"),
    Column("input_tokens", "integer"),
    Column("output_tokens", "integer"),
    Column("total_tokens", "integer"),
    Column("cache_read_tokens", "integer"),
    Column("cache_write_tokens", "integer"),
    Column("reasoning_tokens", "integer"),
    Column("cost_usd", "number"),
    Column("prompt_name", "text"),
    Column("prompt_version", "integer"),
    Column("ab_test", "text"),
    Column("ab_arm", "text"),
    Column("experiment_id", "text"),
    Column("item_id", "text"),
    Column("attributes", "map"),
    Column("resource", "json"),
    Column("events", "json"),
    Column("links", "json"),
    # Kept for completeness; not part of the public span
    Column("trace_name", "text"),
    Column("scope_name", "text"),
    Column("scope_version", "text"),
    Column("span_kind", "text"),
    Column("trace_state", "text"),
    Column("dropped_attributes_count", "integer"),
    Column("received_at", "time"),
)

COLUMN_NAMES: tuple[str, ...] = tuple(column.name for column in SPAN_COLUMNS)
PUBLIC_COLUMNS: tuple[Column, ...] = SPAN_COLUMNS[: COLUMN_NAMES.index("links") + 1]

CONTENT_COLUMNS: tuple[str, ...] = (
    "input_messages",
    "output_messages",
    "tools",
    "documents",
    "resource",
    "events",
)
LONG_TEXT_COLUMNS: tuple[str, ...] = ("input", "output")
ATTRIBUTES = "attributes"
TEXT_ATTRIBUTES = "text_attributes"
JSON_ATTRIBUTES = "json_attributes"
ID_COLUMNS: tuple[str, ...] = (
    *(f"{name}_ids" for name in CONTENT_COLUMNS),
    *(f"{name}_id" for name in LONG_TEXT_COLUMNS),
    TEXT_ATTRIBUTES,
    JSON_ATTRIBUTES,
)
"""Stored columns whose values refer to rows of the table `content`."""

INLINE_CHARS = 1024  # of `input` and `output`: what lists show and most searches find
INLINE_ATTRIBUTE_CHARS = 128


def _stored_names(column: Column) -> tuple[str, ...]:
    if column.name in CONTENT_COLUMNS:
        return (f"{column.name}_ids",)
    if column.name in LONG_TEXT_COLUMNS:
        return (column.name, f"{column.name}_id")
    return (ATTRIBUTES, TEXT_ATTRIBUTES, JSON_ATTRIBUTES) if column.name == ATTRIBUTES else (column.name,)


STORED_NAMES: tuple[str, ...] = tuple(name for column in SPAN_COLUMNS for name in _stored_names(column))
"""The columns of `span_log`, without `row_id`, which the writer gives."""


@cache
def stored_schema() -> pa.Schema:
    """Of a batch of rows for `span_log`. Asked for, not made at once: Arrow is loaded by the first batch."""
    ids = pa.list_(pa.int64())
    types: dict[Kind, pa.DataType] = {
        "text": pa.string(),
        "integer": pa.int64(),
        "number": pa.float64(),
        "time": pa.timestamp("ns"),
        "list": pa.list_(pa.string()),
        "json": pa.string(),
        "map": pa.map_(pa.string(), pa.field("value", pa.string(), metadata=JSON_MARK)),
    }
    referring: dict[str, pa.DataType] = {
        **{f"{name}_ids": ids for name in CONTENT_COLUMNS},
        **{f"{name}_id": pa.int64() for name in LONG_TEXT_COLUMNS},
        **{name: pa.map_(pa.string(), ids) for name in (TEXT_ATTRIBUTES, JSON_ATTRIBUTES)},
    }
    kinds = {column.name: column.kind for column in SPAN_COLUMNS}
    marked = {name: JSON_MARK for name in STORED_NAMES if kinds.get(name) == "json"}
    return pa.schema(
        [
            pa.field(name, referring[name] if name in referring else types[kinds[name]], metadata=marked.get(name))
            for name in STORED_NAMES
        ]
    )
