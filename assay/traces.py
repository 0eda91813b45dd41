"""Traces and spans as the collector tells them: the read models of the Python API.

DESIGN.md section 5 names the fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One timed operation. Times are UTC, to the microsecond; what is unknown is None, never 0."""

    trace_id: str
    span_id: str
    name: str
    project: str = "default"
    parent_span_id: str | None = None
    kind: str | None = None
    operation: str | None = None
    dialect: str | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    duration_ms: float | None = None
    status: str = "unset"
    status_message: str | None = None
    service_name: str | None = None
    environment: str | None = None
    release: str | None = None
    session_id: str | None = None
    user_id: str | None = None
    tags: list[str] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    provider: str | None = None
    request_model: str | None = None
    response_model: str | None = None
    finish_reasons: list[str] = field(default_factory=list)
    model_parameters: dict[str, Any] = field(default_factory=dict)
    input_messages: list[dict[str, Any]] = field(default_factory=list)
    output_messages: list[dict[str, Any]] = field(default_factory=list)
    tools: list[dict[str, Any]] = field(default_factory=list)
    input: str | None = None
    output: str | None = None
    documents: list[dict[str, Any]] = field(default_factory=list)
    tool_name: str | None = None
    tool_call_names: list[str] = field(default_factory=list)
    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost_usd: float | None = None
    prompt_name: str | None = None
    prompt_version: int | None = None
    ab_test: str | None = None
    ab_arm: str | None = None
    experiment_id: str | None = None
    item_id: str | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    resource: dict[str, Any] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    links: list[dict[str, Any]] = field(default_factory=list)

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        from assay.notebook.trace import span_html

        return span_html(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One request from end to end: the collector's summary of it, its spans in start order, and its scores."""

    trace_id: str
    name: str | None = None
    project: str = "default"
    input: str | None = None
    output: str | None = None
    status: str = "unset"
    start_time: datetime | None = None
    end_time: datetime | None = None
    duration_ms: float | None = None
    span_count: int = 0
    error_count: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    cost_usd: float | None = None
    models: list[str] = field(default_factory=list)
    session_id: str | None = None
    user_id: str | None = None
    tags: list[str] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    prompt_name: str | None = None
    prompt_version: int | None = None
    experiment_id: str | None = None
    item_id: str | None = None
    spans: list[Span] = field(default_factory=list)
    scores: list[dict[str, Any]] = field(default_factory=list)

    @property
    def root(self) -> Span | None:
        """The span that starts the trace: the first without a parent among these spans. None when there are none."""
        return next(iter(self.children(None)), None)

    def children(self, parent: Span | None) -> list[Span]:
        """Spans directly below `parent`, in start order.

        None gives the roots: a parent that never arrived counts as none.
        """
        known = {span.span_id for span in self.spans}
        if parent is None:
            return [span for span in self.spans if span.parent_span_id not in known]
        return [span for span in self.spans if span.parent_span_id == parent.span_id]

    def tree(self) -> Iterator[tuple[int, Span]]:
        """Every span with its depth, parents before their children, siblings in start order."""
        known = {span.span_id for span in self.spans}
        below: dict[str | None, list[Span]] = {}
        for span in self.spans:
            below.setdefault(span.parent_span_id if span.parent_span_id in known else None, []).append(span)
        waiting = [(0, span) for span in reversed(below.get(None, []))]
        while waiting:
            depth, span = waiting.pop()
            yield depth, span
            waiting.extend((depth + 1, child) for child in reversed(below.get(span.span_id, [])))

    def __str__(self) -> str:
        lines = [f"trace {self.trace_id}"]
        lines += ["  " * (depth + 1) + _line(span) for depth, span in self.tree()]
        lines += [f"  score {score.get('name')} = {score.get('value')!r}" for score in self.scores]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        from assay.notebook.trace import trace_html

        return trace_html(self)


def span_from_json(row: Mapping[str, Any]) -> Span:
    """A span as the API sends it. Fields this version does not know are left out."""
    return _read(Span, row)


def trace_from_json(row: Mapping[str, Any]) -> Trace:
    """A trace as `GET /api/v1/traces/{id}` sends it: the row, `spans` and `scores`."""
    scores = row.get("scores")
    return _read(
        Trace,
        {
            **row,
            "spans": [span_from_json(span) for span in row.get("spans") or ()],
            "scores": list(scores) if isinstance(scores, Sequence) else None,
        },
    )


def _read(kind: type[T], row: Mapping[str, Any]) -> T:
    # null leaves the default: an empty list or dictionary is easier to work with than None
    known = {each.name for each in fields(kind)}  # type: ignore[arg-type]
    values = {name: value for name, value in row.items() if name in known and value is not None}
    for name in ("start_time", "end_time"):
        if isinstance(text := values.get(name), str):
            values[name] = parse_time(text)
    return kind(**values)


def parse_time(text: str) -> datetime:
    """ISO 8601 with up to nine digits of a second; Python keeps six."""
    seconds, dot, rest = text.partition(".")
    if not dot:
        return datetime.fromisoformat(text)
    digits = rest.rstrip("Z")
    return datetime.fromisoformat(f"{seconds}.{digits[:6]:0<6}+00:00")


def _line(span: Span) -> str:
    facts = [
        span.kind or "",
        span.response_model or span.request_model or "",
        f"{span.duration_ms:.0f} ms" if span.duration_ms is not None else "",
        f"{span.total_tokens} tokens" if span.total_tokens is not None else "",
        f"ERROR {span.status_message or ''}".strip() if span.status == "error" else "",
        span.status.replace("_", " ") if span.status in ("in_progress", "interrupted") else "",
    ]
    return f"{span.name}  [{', '.join(fact for fact in facts if fact)}]" if any(facts) else span.name
