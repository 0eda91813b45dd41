"""Spans of a trace → the rows of tree and waterfall, in one order. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from assay.collector.pages.formats import duration

Columns = Mapping[str, Sequence[Any]]
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
    model: str | None
    is_error: bool

    @property
    def indent(self) -> int:
        return min(self.depth, DEEPEST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    left: float  # percent
    label: str


class SpanTree:
    """The spans of a trace in the order of tree and waterfall: each once, parents before children, siblings by start.

    A span whose parent is not there (not arrived yet, or never sent) is shown at the top and marked. Parents that go in
    a circle are a sender's mistake; those spans are shown as well, the earliest one first.
    """

    def __init__(self, columns: Columns) -> None:
        """`columns`: as `Source.outline` has them, in start order. Nothing in them is copied: a trace may be long."""
        self._columns = columns
        ids, parent_ids = columns["span_id"], columns["parent_span_id"]
        self._children, tops = _families(ids, parent_ids)
        self._order, self._depths = _walk(chain(tops, range(len(ids))), self._children)
        self._below = _descendants(self._depths)
        starts, durations = columns["start_ns"], columns["duration_ms"]
        ends = (start + _in_ns(duration_ms) for start, duration_ms in zip(starts, durations, strict=True))
        self._start = min(starts, default=0)
        self.length_ns = max(ends, default=0) - self._start
        self.kinds = set(columns["kind"])

    def __len__(self) -> int:
        return len(self._order)

    def __contains__(self, span_id: str) -> bool:
        return span_id in self._columns["span_id"]

    def rows(self, first: int = 0, count: int | None = None) -> list[SpanRow]:
        """Lines of the tree, from the one in place `first`."""
        last = len(self) if count is None else min(first + count, len(self))
        return [self._row(index) for index in range(first, last)]

    def first_to_read(self) -> str:
        """The id of the span to open with: the first that failed by itself, else the root."""
        ids, parent_ids, statuses = (self._columns[name] for name in ("span_id", "parent_span_id", "status"))
        failed = [place for place, status in enumerate(statuses) if status == "error"]
        failed_parents = {parent_ids[place] for place in failed}
        by_itself = (place for place in failed if ids[place] not in failed_parents)
        return str(ids[next(by_itself, self._order[0])])

    def _row(self, index: int) -> SpanRow:
        place, depth = self._order[index], self._depths[index]
        span = {name: values[place] for name, values in self._columns.items()}
        left, width = _place(span["start_ns"] - self._start, _in_ns(span["duration_ms"]), self.length_ns)
        return SpanRow(
            span_id=span["span_id"],
            name=span["name"] or "(no name)",
            kind=span["kind"],
            status=span["status"] or "unset",
            depth=depth,
            children=len(self._children.get(place, ())),
            descendants=self._below[index],
            is_orphan=depth == 0 and span["parent_span_id"] is not None,
            left=left,
            width=width,
            duration_ms=span["duration_ms"],
            total_tokens=span["total_tokens"],
            model=span["model"],
            is_error=span["status"] == "error",
        )


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


def _families(ids: Sequence[str], parent_ids: Sequence[str | None]) -> tuple[dict[int, list[int]], list[int]]:
    """Places of the children of each place, and of the spans that stand at the top."""
    places = {span_id: place for place, span_id in reversed(list(enumerate(ids)))}
    children: dict[int, list[int]] = defaultdict(list)
    tops = []
    for place, parent_id in enumerate(parent_ids):
        parent = None if parent_id is None else places.get(parent_id)
        if parent is None or parent == place:
            tops.append(place)
        else:
            children[parent].append(place)
    return dict(children), tops


def _walk(tops: Iterable[int], children: Mapping[int, Sequence[int]]) -> tuple[list[int], list[int]]:
    """Places and depths, depth first, each place once. No recursion: a trace may be nested a thousand deep."""
    order: list[int] = []
    depths: list[int] = []
    seen: set[int] = set()
    for top in tops:
        stack = [(top, 0)]
        while stack:
            place, depth = stack.pop()
            if place not in seen:
                seen.add(place)
                order.append(place)
                depths.append(depth)
                stack.extend((child, depth + 1) for child in reversed(children.get(place, ())))
    return order, depths


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


def _in_ns(duration_ms: float | None) -> int:
    """No time at all where it is unknown, or less than none."""
    return max(0, round((duration_ms or 0) * 1e6))


def _place(begin: int, duration: int, length: int) -> tuple[float, float]:
    """Left edge and width of a bar, in percent; `begin` counts from the start of the trace."""
    width = min(max(100 * duration / max(length, 1), NARROWEST), 100)
    left = min(100 * begin / max(length, 1), 100 - width)
    return round(left, 3), round(width, 3)
