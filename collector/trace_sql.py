"""How a trace's row is summed up from its spans in SQL, field by field.

The view `traces` says the same for people with SQL; here each field stands alone, so that a query sums up only what
it asks for, and only over the spans it has to look at.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from assay.collector import trace_sums
from assay.collector.trace_sums import COUNTED, OF_FIRST, OF_ROOT

# Agents and chains repeat their children's sums, so only model calls count. A model call directly below another of
# the same kind is one call seen by two layers: only the inner one counts.
MODEL_KINDS = str(trace_sums.MODEL_KINDS)  # as a list of SQL
ROOT_FIRST = "(s.parent_span_id IS NOT NULL, s.start_time, s.span_id)"


def _counted(name: str) -> str:
    # What an agent reports is the sum of its model calls, so it counts only where none of them arrived.
    agents = f"max(s.{name}) FILTER (WHERE coalesce(s.kind NOT IN {MODEL_KINDS}, true))"
    return f"coalesce(sum(s.{name}) FILTER (WHERE s.is_model_call), {agents})"


AGGREGATES: dict[str, str] = {
    **{name: f"arg_min(s.{name}, s.start_time)" for name in OF_FIRST},
    "start_time": "min(s.start_time)",
    "end_time": "max(s.end_time)",
    "duration_ms": "(epoch_ns(max(s.end_time)) - epoch_ns(min(s.start_time))) / 1e6",
    "span_count": "count(*)",
    "error_count": "count(*) FILTER (WHERE s.status = 'error')",
    **{name: f"{_counted(name)}::BIGINT" for name in COUNTED},
    "cost_usd": _counted("cost_usd"),
    "models": (
        "list_sort(list_distinct(list(coalesce(s.response_model, s.request_model))"  # half the time of list(DISTINCT)
        " FILTER (WHERE s.is_model_call AND coalesce(s.response_model, s.request_model) IS NOT NULL)))"
    ),
    "tags": "list_sort(list_distinct(flatten(list(s.tags))))",
}
# Fields read from the root span, and what stands in where it does not say.
FROM_ROOT: dict[str, str] = {
    **{name: f"root.{name}" for name in OF_ROOT},
    "name": "coalesce(trace_name, root.name)",
    "metadata": "coalesce(root.metadata, metadata)",
}
BESIDE_ROOT = {
    "name": "max(s.trace_name) AS trace_name",
    "metadata": "arg_min(s.metadata, s.start_time) AS metadata",
}
OF_MODEL_CALLS = frozenset((*COUNTED, "cost_usd", "models"))
KEY_COLUMNS = ("project", "trace_id", "span_id", "parent_span_id", "kind", "start_time", "total_tokens")


def summed_up(
    fields: Collection[str],
    where: str,
    *,
    span_conditions: Sequence[str] = (),
    project: str | None = None,
    none_nested: bool = False,
) -> str:
    """SQL of one row per trace, over the spans for which `where` holds.

    Args:
        fields: fields of the trace, besides `project`, `trace_id` and `last_start`, the start of its last span.
        where: a condition over `s`, a row of `span_log`.
        span_conditions: each becomes a column c0, c1, …: whether it holds for some span of the trace.
        project: the only one there can be, by `where`: a group over one text is twice as fast as over two.
        none_nested: it is known (nested_calls.py) that no model call stands around another one.

    Parameters stand in the order: span conditions, then `where`.
    """
    of_root = [name for name in fields if name in FROM_ROOT]
    others = [name for name in fields if name in AGGREGATES]
    sums = [f"{AGGREGATES[name]} AS {name}" for name in others]
    sums += [BESIDE_ROOT[name] for name in of_root if name in BESIDE_ROOT]
    if of_root:  # one look for the root, however much is read from it
        parts = ", ".join(f"'{name}': s.{name}" for name in of_root)
        sums.append(f"arg_min({{{parts}}}, {ROOT_FIRST}) AS root")
    flags = [f"c{number}" for number in range(len(span_conditions))]
    sums += [f"bool_or(coalesce(s.{flag}, false)) AS {flag}" for flag in flags]
    columns = {*KEY_COLUMNS, *(name for text in sums for name in re.findall(r"\bs\.(\w+)", text))}
    picked = [f"({sql}) AS {flag}" for sql, flag in zip(span_conditions, flags, strict=True)]
    picked += [f"s.{name}" for name in sorted(columns.difference(flags, ("is_model_call",)))]
    group, project_of = ("s.trace_id", "any_value(s.project)") if project else ("s.project, s.trace_id", "s.project")
    marked = (NONE_NESTED if none_nested else MARKED) if OF_MODEL_CALLS.intersection(fields) else ""
    summed = (
        f"SELECT {', '.join([f'{project_of} AS project', 's.trace_id', 'max(s.start_time) AS last_start', *sums])}"
        f" FROM {'marked' if marked else 'source'} s GROUP BY {group}"
    )
    given = [
        "project",
        "trace_id",
        "last_start",
        *others,
        *flags,
        *(f"{FROM_ROOT[name]} AS {name}" for name in of_root),
    ]
    return (
        f"WITH source AS (SELECT {', '.join(picked)} FROM span_log s WHERE {where}){marked}"
        f" SELECT {', '.join(given)} FROM ({summed})"
    )


NONE_NESTED = f", marked AS (SELECT o.*, o.kind IN {MODEL_KINDS} AS is_model_call FROM source o)"
# Two more steps where tokens are asked for: calls that stand around another one, and all spans marked by them.
MARKED = (
    ", around AS (SELECT DISTINCT i.project, i.trace_id, i.parent_span_id AS span_id, i.kind FROM source i"
    f" WHERE i.kind IN {MODEL_KINDS} AND i.total_tokens IS NOT NULL AND i.parent_span_id IS NOT NULL)"
    f", marked AS (SELECT o.*, o.kind IN {MODEL_KINDS} AND around.span_id IS NULL AS is_model_call FROM source o"
    " LEFT JOIN around ON around.span_id = o.span_id AND around.trace_id = o.trace_id AND around.kind = o.kind"
    " AND around.project = o.project)"
)
