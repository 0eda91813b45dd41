"""A trace's row summed up from its spans in plain Python: the same sums as `trace_sql.AGGREGATES` has in SQL.

For a page of traces the database takes longer to plan that SQL than Python takes to add up a few hundred spans. The
spans come as columns: most of a row is read from one column alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import compress
from typing import Any

MODEL_KINDS = ("llm", "embedding")
COUNTED = (
    "total_tokens",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
)
OF_ROOT = (
    *("input", "input_id", "output", "output_id", "status", "status_message"),
    *("service_name", "environment", "release", "kind"),
)
OF_FIRST = ("session_id", "user_id", "prompt_name", "prompt_version", "ab_test", "ab_arm", "experiment_id", "item_id")
ORDER = ("start_time", "span_id")
SPAN_FIELDS = (
    *ORDER,
    *("project", "trace_id", "parent_span_id", "name", "trace_name", "metadata", "tags"),
    *("end_time", "request_model", "response_model", "cost_usd", *COUNTED, *OF_ROOT, *OF_FIRST),
)
"""What `sum_up` reads of a span; times are nanoseconds since the epoch."""

Columns = Mapping[str, Sequence[Any]]


def sum_up(spans: Columns) -> dict[str, Any]:
    """The row of the one trace whose spans these are, in the order of `ORDER`."""
    parents = spans["parent_span_id"]
    root = parents.index(None) if None in parents else 0
    are_calls = _are_model_calls(spans)
    are_agents = [kind not in MODEL_KINDS for kind in spans["kind"]]
    models = set(map(_model, compress(zip(spans["request_model"], spans["response_model"], strict=True), are_calls)))
    start, end = spans["start_time"][0], max(spans["end_time"])
    return {
        "project": spans["project"][0],
        "trace_id": spans["trace_id"][0],
        **{name: _first(spans[name]) for name in OF_FIRST},
        "start_time": start,
        "end_time": end,
        "duration_ms": (end - start) / 1e6,
        "span_count": len(parents),
        "error_count": sum(status == "error" for status in spans["status"]),
        **{name: _counted(spans[name], are_calls, are_agents) for name in (*COUNTED, "cost_usd")},
        "models": sorted(models - {None}),
        "tags": sorted({tag for tags in spans["tags"] for tag in tags or ()}),
        **{name: spans[name][root] for name in OF_ROOT},
        "name": max((name for name in spans["trace_name"] if name is not None), default=spans["name"][root]),
        "metadata": _first([spans["metadata"][root], *spans["metadata"]]),
    }


def _are_model_calls(spans: Columns) -> list[bool]:
    """Which of them count: of a model call directly below another of the same kind, only the inner one."""
    kinds = spans["kind"]
    around = {
        (parent, kind)
        for parent, kind, tokens in zip(spans["parent_span_id"], kinds, spans["total_tokens"], strict=True)
        if kind in MODEL_KINDS and tokens is not None
    }
    own = zip(spans["span_id"], kinds, strict=True)
    return [each[1] in MODEL_KINDS and each not in around for each in own]


def _model(requested_and_answered: tuple[Any, Any]) -> Any:
    requested, answered = requested_and_answered
    return requested if answered is None else answered


def _first(values: Sequence[Any]) -> Any:
    return next((value for value in values if value is not None), None)


def _counted(values: Sequence[Any], are_calls: Sequence[bool], are_agents: Sequence[bool]) -> Any:
    # What an agent reports is the sum of its model calls, so it counts only where none of them arrived.
    of_calls = [value for value in compress(values, are_calls) if value is not None]
    if of_calls:
        return sum(of_calls)
    return max((value for value in compress(values, are_agents) if value is not None), default=None)
