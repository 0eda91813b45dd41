"""Traces as test data: input and output of the root span, with the trace linked in the item.

What the collector holds has been redacted before it was sent; nothing is read here that it does not hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from assay.client import Client, current_client
from assay.evaluation.data.items import Item
from assay.evaluation.data.traced_items import LINKED, item_of_trace
from assay.traces import Trace

TRACE_COLUMNS = {"trace_id", "span_count", "error_count", "duration_ms", "input", "output"}  # of search_traces
AT_ONCE = 100  # traces whose root spans are asked for in one request


def are_traces(data: Any) -> bool:
    """Whether this is what `search_traces` or `get_trace` return: a table of traces, one of them, or a list."""
    columns = getattr(data, "columns", None)
    if columns is not None:
        return TRACE_COLUMNS.issubset(columns)
    return isinstance(data, Trace) or (
        isinstance(data, Sequence) and bool(data) and all(isinstance(each, Trace) for each in data)
    )


def items_of_traces(data: Any, *, client: Client | None = None) -> tuple[list[Item], list[str]]:
    """An item per trace, in their order, and what to know about those that make none."""
    if isinstance(data, Trace):
        data = [data]
    if hasattr(data, "columns"):
        rows = [_plain_row(row) for row in data.to_dict("records")]
        return items_of_rows(rows, client=client or current_client())
    rows = [{name: getattr(trace, name) for name in (*LINKED, "input", "output", "status")} for trace in data]
    roots = {
        trace.trace_id: {"attributes": root.attributes, "input": root.input, "output": root.output}
        for trace in data
        if (root := trace.root) is not None
    }
    return _items(rows, roots)


def items_of_rows(rows: Sequence[Mapping[str, Any]], *, client: Client) -> tuple[list[Item], list[str]]:
    """Items of traces as the API lists them; their root spans are asked for, which know text from JSON."""
    return _items(rows, _root_spans([row["trace_id"] for row in rows], client))


def _items(rows: Iterable[Mapping[str, Any]], roots: Mapping[str, Mapping[str, Any]]) -> tuple[list[Item], list[str]]:
    made = [item_of_trace(row, roots.get(row["trace_id"])) for row in rows]
    items = [item for item in made if item is not None]
    without = len(made) - len(items)
    notes = [f"{without} traces have no input and were left out (is content captured?)"] if without else []
    return items, notes


def _root_spans(ids: Sequence[str], client: Client) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for start in range(0, len(ids), AT_ONCE):
        listed = ", ".join(f"'{id}'" for id in ids[start : start + AT_ONCE])
        for span in client.pages("/spans", filter=f"parent_span_id is null and trace_id in ({listed})"):
            found.setdefault(span["trace_id"], client.whole_span(span))
    return found


def _plain_row(row: Mapping[str, Any]) -> dict[str, Any]:
    from assay.evaluation.data.data_files import cell_value

    return {str(key): cell_value(value) for key, value in row.items()}
