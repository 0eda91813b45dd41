"""Spans of a trace → the rows of tree and waterfall, in one order. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from assay.collector.pages.formats import duration, nanoseconds

Span = Mapping[str, Any]
DEEPEST = 12  # levels that are indented; below, a badge says how deep
NARROWEST = 0.25  # percent: a bar thinner than this could not be seen


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanRow:
    """One line of the tree. `left` and `width` are percent of the trace's time."""

    span_id: str
    name: str
    kind: str | None
    status: str
    depth: int
    children: int
    descendants: int
    is_orphan: bool
    left: float
    width: float
    duration_ms: float | None
    total_tokens: int | None
    cost_usd: float | None
    model: str | None
    is_error: bool

    @property
    def indent(self) -> int:
        return min(self.depth, DEEPEST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    left: float  # percent
    label: str


def span_rows(spans: Iterable[Span]) -> list[SpanRow]:
    """Every span once, parents before children, siblings by start.

    A span whose parent is not there (not arrived yet, or never sent) is shown at the top and marked. Parents that go in
    a circle are a sender's mistake; those spans are shown as well, the earliest one first.
    """
    ordered = sorted(spans, key=lambda span: (nanoseconds(span["start_time"]), span["span_id"]))
    known = {span["span_id"] for span in ordered}
    children: dict[str | None, list[Span]] = defaultdict(list)
    for span in ordered:
        parent = span.get("parent_span_id")
        children[parent if parent in known and parent != span["span_id"] else None].append(span)
    walked: dict[str, tuple[Span, int]] = {}
    _walk(children[None], children, walked)
    for span in ordered:  # what no root leads to
        if span["span_id"] not in walked:
            _walk([span], children, walked)
    times = {span_id: time_range([span]) for span_id, (span, _) in walked.items()}
    start = min((begin for begin, _ in times.values()), default=0)
    length = max((end for _, end in times.values()), default=0) - start
    sizes = _descendants([depth for _, depth in walked.values()])
    return [
        _row(span, depth, len(children.get(span_id, ())), size, *_place(*times[span_id], start, length))
        for (span_id, (span, depth)), size in zip(walked.items(), sizes, strict=True)
    ]


def time_range(spans: Iterable[Span]) -> tuple[int, int]:
    """First start and last end in nanoseconds; (0, 0) without spans."""
    starts, ends = [], []
    for span in spans:
        start = nanoseconds(span["start_time"])
        starts.append(start)
        so_far = start + round((span.get("duration_ms") or 0) * 1e6)  # of a span that is still open
        ends.append(max(start, nanoseconds(span["end_time"])) if span.get("end_time") else so_far)
    return (min(starts), max(ends)) if starts else (0, 0)


def ticks(length_ns: int) -> list[Tick]:
    """Two to five round marks of a time axis that is `length_ns` long."""
    if length_ns <= 0:
        return []
    length_ms = length_ns / 1e6
    step = _round_step(length_ms / 4)
    marks = [step * index for index in range(1, int(length_ms / step) + 1)]
    return [Tick(left=100 * mark / length_ms, label=duration(mark)) for mark in marks if mark < 0.94 * length_ms]


def _round_step(rough: float) -> float:
    """The smallest 1, 2 or 5 times a power of ten that is not below `rough`."""
    power = 1e-6
    while power * 10 <= rough:
        power *= 10
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)


def _walk(roots: list[Span], children: Mapping[str | None, list[Span]], walked: dict[str, tuple[Span, int]]) -> None:
    """Add each span with its depth to `walked`, depth first. No recursion: a trace may be nested a thousand deep."""
    stack = [(span, 0) for span in reversed(roots)]
    while stack:
        span, depth = stack.pop()
        if span["span_id"] not in walked:
            walked[span["span_id"]] = (span, depth)
            stack.extend((child, depth + 1) for child in reversed(children.get(span["span_id"], [])))


def _descendants(depths: list[int]) -> list[int]:
    """How many rows below each row belong to it, from the depths of a depth-first walk."""
    sizes = [0] * len(depths)
    open_rows: list[int] = []
    for index, depth in enumerate(depths):
        while open_rows and depths[open_rows[-1]] >= depth:
            row = open_rows.pop()
            sizes[row] = index - row - 1
        open_rows.append(index)
    for row in open_rows:
        sizes[row] = len(depths) - row - 1
    return sizes


def _place(begin: int, end: int, start: int, length: int) -> tuple[float, float]:
    """Left edge and width of a bar, in percent."""
    width = min(max(100 * (end - begin) / max(length, 1), NARROWEST), 100)
    left = min(100 * (begin - start) / max(length, 1), 100 - width)
    return round(left, 3), round(width, 3)


def _row(span: Span, depth: int, children: int, descendants: int, left: float, width: float) -> SpanRow:
    return SpanRow(
        span_id=span["span_id"],
        name=span.get("name") or "(no name)",
        kind=span.get("kind"),
        status=span.get("status") or "unset",
        depth=depth,
        children=children,
        descendants=descendants,
        is_orphan=depth == 0 and span.get("parent_span_id") is not None,
        left=left,
        width=width,
        duration_ms=span.get("duration_ms"),
        total_tokens=span.get("total_tokens"),
        cost_usd=span.get("cost_usd"),
        model=span.get("response_model") or span.get("request_model"),
        is_error=span.get("status") == "error",
    )
