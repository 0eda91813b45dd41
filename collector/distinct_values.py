"""Which values a field has, and how often: what a search box completes, what a list of facets shows."""

from __future__ import annotations

from typing import Any

from assay.collector.filter_fields import SPAN_FIELDS, TRACE_FIELDS
from assay.collector.filter_text import contains_pattern
from assay.collector.paging import fetch, within
from assay.collector.store import SpanStore
from assay.errors import InvalidRequest

MOST_SPANS = 1_000_000  # looked at, the newest: enough to know what is there, and soon done
TEXTS = frozenset(
    name
    for name, kind in SPAN_FIELDS.items()
    if kind in ("text", "list")
    and name not in ("input", "output", "status_message", "trace_id", "span_id", "parent_span_id")
)
COLUMNS = {
    **{name: f"s.{name}" for name in TEXTS},
    **{name: f"unnest(s.{name})" for name in TEXTS if SPAN_FIELDS[name] == "list"},
    "models": "coalesce(s.response_model, s.request_model)",
    "prompt_version": "s.prompt_version::VARCHAR",
}


def distinct_values(
    store: SpanStore, field: str, *, project: str | None, prefix: str = "", limit: int = 20
) -> list[dict[str, Any]]:
    """`{"value", "count"}` of the newest spans, the most frequent first. `count` counts spans.

    Args:
        field: a field of spans that holds short text, `attributes` (whose names are given then), `scores` (likewise),
            or one attribute as `attributes.<name>`.
        prefix: what the values start with, upper or lower case.

    Raises:
        InvalidRequest: the field has no such values.
    """
    where, parameters = within(project, "s")
    given: list[str] = []
    if field == "scores":
        value, source = "s.name", "score_log s"
    elif field == "attributes":
        value, source = "unnest(map_keys(s.attributes))", _newest("attributes")
    elif field.startswith("attributes."):
        value, source = "json_extract_string(s.attributes[?], '$')", _newest("attributes")
        given = [field.removeprefix("attributes.")]
    elif field in COLUMNS:
        value, source = COLUMNS[field], "span_log s"
    else:
        known = ", ".join(sorted([*COLUMNS, "attributes", "attributes.<name>", "scores"]))
        what = "has no list of values" if field in {**SPAN_FIELDS, **TRACE_FIELDS} else "is not a field"
        raise InvalidRequest(f"{field!r} {what}.", hint=f"Fields are: {known}.")
    sql = (
        f"SELECT value, count(*) AS count FROM (SELECT {value} AS value FROM {source} WHERE {where})"
        " WHERE value IS NOT NULL AND value ILIKE ? ESCAPE '^' GROUP BY value ORDER BY count DESC, value LIMIT ?"
    )
    with store.read() as db:
        return fetch(db, sql, [*given, *parameters, contains_pattern(prefix, start=True), limit])


def _newest(column: str) -> str:
    newest = f"(SELECT max(row_id) - {MOST_SPANS} FROM span_log)"
    return f"(SELECT project, {column} FROM span_log WHERE row_id > {newest}) s"
