"""A trace's row summed up from its spans in plain Python: the same sums as `trace_sql.AGGREGATES` has in SQL.

For a page of traces the database takes longer to plan that SQL than Python takes to add up a few hundred spans.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
SPAN_FIELDS = (
    *("project", "trace_id", "span_id", "parent_span_id", "name", "trace_name", "metadata", "tags"),
    *("start_time", "end_time", "request_model", "response_model", "cost_usd", *COUNTED, *OF_ROOT, *OF_FIRST),
)
"""What `sum_up` reads of a span; times are nanoseconds since the epoch."""

Span = Mapping[str, Any]


def sum_up(spans: Iterable[Span]) -> dict[str, Any]:
    """The row of the one trace that these spans are."""
    ordered = sorted(spans, key=lambda span: (span["start_time"], span["span_id"]))
    root = next((span for span in ordered if span["parent_span_id"] is None), ordered[0])
    calls = model_calls(ordered)
    agents = [span for span in ordered if span["kind"] not in MODEL_KINDS]
    start, end = ordered[0]["start_time"], max(span["end_time"] for span in ordered)
    models = {_model(span) for span in calls}
    return {
        "project": root["project"],
        "trace_id": root["trace_id"],
        **{name: _first(ordered, name) for name in OF_FIRST},
        "start_time": start,
        "end_time": end,
        "duration_ms": (end - start) / 1e6,
        "span_count": len(ordered),
        "error_count": sum(span["status"] == "error" for span in ordered),
        **{name: _counted(calls, agents, name) for name in (*COUNTED, "cost_usd")},
        "models": sorted(models - {None}),
        "tags": sorted({tag for span in ordered for tag in span["tags"] or ()}),
        **{name: root[name] for name in OF_ROOT},
        "name": max((span["trace_name"] for span in ordered if span["trace_name"] is not None), default=root["name"]),
        "metadata": root["metadata"] if root["metadata"] is not None else _first(ordered, "metadata"),
    }


def model_calls(spans: Sequence[Span]) -> list[Span]:
    """Those that count: of a model call directly below another of the same kind, only the inner one."""
    around = {
        (span["parent_span_id"], span["kind"])
        for span in spans
        if span["kind"] in MODEL_KINDS and span["total_tokens"] is not None
    }
    return [span for span in spans if span["kind"] in MODEL_KINDS and (span["span_id"], span["kind"]) not in around]


def _model(span: Span) -> Any:
    return span["request_model"] if span["response_model"] is None else span["response_model"]


def _first(spans: Sequence[Span], name: str) -> Any:
    return next((span[name] for span in spans if span[name] is not None), None)


def _counted(calls: Sequence[Span], agents: Sequence[Span], name: str) -> Any:
    # What an agent reports is the sum of its model calls, so it counts only where none of them arrived.
    values = [span[name] for span in calls if span[name] is not None]
    if values:
        return sum(values)
    return max((span[name] for span in agents if span[name] is not None), default=None)
