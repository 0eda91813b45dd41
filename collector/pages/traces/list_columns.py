"""Which columns a list has: the usual ones, and those that its address names. A table, and pure functions over it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from assay.errors import InvalidRequest

View = Literal["traces", "spans", "sessions"]
Look = Literal["when", "status", "name", "text", "count", "errors", "time", "cost", "scores", "score", "list", "plain"]

MOST_COLUMNS = 40
MOST_KEY_CHARS = 200
KEYED = {"traces": ("scores", "metadata", "attributes"), "spans": ("metadata", "attributes"), "sessions": ()}


@dataclass(frozen=True, slots=True)
class Column:
    """`field` is of a row of the API; `sort` what orders the list by it. `part`: one key of a field that has keys."""

    key: str
    label: str
    look: Look
    field: str
    sort: str | None = None
    part: str | None = None

    def value(self, row: Mapping[str, Any]) -> Any:
        value = row.get(self.field)
        if self.part is None:
            return value
        return value.get(self.part) if isinstance(value, Mapping) else None


def _column(key: str, label: str, look: Look, field: str, *, sorts: bool = False) -> Column:
    return Column(key, label, look, field, field if sorts else None)


_SHARED = (
    _column("user", "User", "plain", "user_id"),
    _column("session", "Session", "plain", "session_id"),
    _column("tags", "Tags", "list", "tags"),
    _column("environment", "Environment", "plain", "environment"),
    _column("release", "Release", "plain", "release"),
    _column("service", "Service", "plain", "service_name"),
    _column("input_tokens", "Input tokens", "count", "input_tokens", sorts=True),
    _column("output_tokens", "Output tokens", "count", "output_tokens", sorts=True),
    _column("cache_read_tokens", "Cached tokens", "count", "cache_read_tokens", sorts=True),
    _column("reasoning_tokens", "Reasoning tokens", "count", "reasoning_tokens", sorts=True),
    _column("prompt", "Prompt", "plain", "prompt_name"),
    _column("prompt_version", "Prompt version", "count", "prompt_version"),
    _column("message", "Status message", "text", "status_message"),
    _column("experiment", "Experiment", "plain", "experiment_id"),
    _column("trace_id", "Trace id", "plain", "trace_id"),
)
_HEAD = (
    _column("time", "Started", "when", "start_time", sorts=True),
    _column("status", "Status", "status", "status"),
)
_MIDDLE = (_column("input", "Input", "text", "input"), _column("output", "Output", "text", "output"))
_LATENCY = _column("latency", "Latency", "time", "duration_ms", sorts=True)
_TOKENS = _column("tokens", "Tokens", "count", "total_tokens", sorts=True)
_COST = _column("cost", "Cost", "cost", "cost_usd", sorts=True)

COLUMNS: dict[View, tuple[Column, ...]] = {
    "traces": (
        *_HEAD,
        _column("name", "Name", "name", "name"),
        *_MIDDLE,
        _column("spans", "Spans", "count", "span_count", sorts=True),
        _column("errors", "Errors", "errors", "error_count", sorts=True),
        *(_LATENCY, _TOKENS, _COST),
        _column("scores", "Scores", "scores", "scores"),
        _column("models", "Models", "list", "models"),
        *_SHARED,
    ),
    "spans": (
        *_HEAD,
        _column("kind", "Kind", "plain", "kind"),
        _column("name", "Name", "name", "name"),
        *_MIDDLE,
        _column("model", "Model", "plain", "response_model"),
        *(_LATENCY, _TOKENS, _COST),
        _column("provider", "Provider", "plain", "provider"),
        _column("tool", "Tool", "plain", "tool_name"),
        *_SHARED,
    ),
    "sessions": (
        Column("last", "Last", "when", "end_time", "last"),
        Column("name", "Session", "name", "session_id"),
        Column("user", "User", "list", "user_ids"),
        Column("turns", "Turns", "count", "trace_count", "trace_count"),
        Column("input", "Last input", "text", "last_input"),
        Column("output", "Last output", "text", "last_output"),
        Column("start", "First", "when", "start_time", "start_time"),
        Column("latency", "Lasts", "time", "duration_ms", "duration_ms"),
        Column("errors", "Errors", "errors", "error_count", "error_count"),
        Column("spans", "Spans", "count", "span_count", "span_count"),
        Column("tokens", "Tokens", "count", "total_tokens", "total_tokens"),
        Column("cost", "Cost", "cost", "cost_usd", "cost_usd"),
    ),
}
USUAL: dict[View, tuple[str, ...]] = {
    "traces": ("time", "status", "name", "input", "output", "spans", "errors", "latency", "tokens", "cost", "scores"),
    "spans": ("time", "status", "kind", "name", "input", "output", "model", "latency", "tokens", "cost"),
    "sessions": ("last", "name", "user", "turns", "input", "start", "latency", "errors", "tokens", "cost"),
}


def chosen(view: View, cols: str) -> list[Column]:
    """The columns that `cols` of an address names, in its order; the usual ones where it names none.

    Raises:
        InvalidRequest: one of them is none.
    """
    named = [name for name in dict.fromkeys(part.strip() for part in cols.split(",")) if name]
    if len(named) > MOST_COLUMNS:
        raise InvalidRequest(f"{len(named)} columns are asked for; a list has at most {MOST_COLUMNS}.")
    return [column(view, name) for name in named or USUAL[view]]


def column(view: View, name: str) -> Column:
    """One column, by its key, or `scores.<name>`, `metadata.<key>`, `attributes.<key>`.

    Raises:
        InvalidRequest: there is none of that name.
    """
    for one in COLUMNS[view]:
        if one.key == name:
            return one
    field, _, key = name.partition(".")
    if field in KEYED[view] and key and len(key) <= MOST_KEY_CHARS:
        return Column(
            name, key if field != "scores" else name, "score" if field == "scores" else "plain", field, part=key
        )
    keyed = "".join(f", {field}.<key>" for field in KEYED[view])
    known = ", ".join(one.key for one in COLUMNS[view])
    raise InvalidRequest(f"There is no column {name!r}.", hint=f"Columns are: {known}{keyed}.")


def order_by(view: View, sort: str) -> str | None:
    """What the query is asked to order by, for `sort` of an address: `-latency` is the longest first.

    Raises:
        InvalidRequest: the list cannot be ordered so.
    """
    if not sort:
        return None
    name = sort.removeprefix("-")
    field = next((one.sort for one in COLUMNS[view] if one.key == name), None)
    if field is None:
        known = ", ".join(one.key for one in COLUMNS[view] if one.sort)
        raise InvalidRequest(f"The list cannot be sorted by {name!r}.", hint=f"It can be by: {known}.")
    return f"{field} {'desc' if sort.startswith('-') else 'asc'}"


def next_sort(one: Column, sort: str) -> str:
    """What a click on a column's head asks for: the largest first, then the smallest, then the newest."""
    return {f"-{one.key}": one.key, one.key: ""}.get(sort, f"-{one.key}")


def attribute_keys(columns: Sequence[Column]) -> list[str]:
    return [one.part for one in columns if one.field == "attributes" and one.part]
