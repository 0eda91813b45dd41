"""Spans of a trace → the rows of tree and waterfall, as they are before any script runs. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from assay.collector.pages.traces.trace_shape import TraceShape
from assay.collector.pages.traces.zoom import Window

DEEPEST = 12  # levels that are indented; below, a badge says how deep
HEAT_LEVELS = 5
NO_NAME = "(no name)"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanRow:
    """One line of the tree. `left` and `width` are percent of the time looked at; None: it ran outside of that."""

    number: int  # in the shape
    span_id: str
    name: str
    kind: str | None
    status: str
    depth: int
    children: int
    descendants: int
    is_orphan: bool
    is_critical: bool
    left: float | None
    width: float | None
    duration_ms: float | None
    total_tokens: int | None
    cost_usd: float | None
    heat: int  # 0 to 5: how much of the most expensive span's cost
    model: str | None

    @property
    def indent(self) -> int:
        return min(self.depth, DEEPEST)

    @property
    def is_error(self) -> bool:
        return self.status == "error"


class SpanTree:
    """The spans of a trace depth first: each once, parents before children, siblings by start."""

    def __init__(self, shape: TraceShape, window: Window | None = None, critical: Iterable[int] = ()) -> None:
        self.shape = shape
        self.critical = frozenset(critical)
        self._window = window or Window(0, shape.length_ns)
        self._rows = _depth_first(shape)
        self._numbers = [0] * len(self._rows)
        for number, row in enumerate(self._rows):
            self._numbers[row] = number

    def __len__(self) -> int:
        return len(self._rows)

    def number_of(self, span_id: str) -> int | None:
        """Where in the shape a span is; None when it is not there."""
        ids = self.shape.columns["span_id"]
        return self.shape.places.index(ids.index(span_id)) if span_id in ids else None

    def row_of(self, number: int) -> int:
        """In which line, from 0, a span of the shape stands."""
        return self._rows[number]

    def in_order(self) -> list[int]:
        """Spans of the shape, line by line."""
        return self._numbers

    def name_of(self, number: int) -> str:
        return str(self.shape.columns["name"][self.shape.places[number]] or NO_NAME)

    def rows(self, first: int = 0, count: int | None = None) -> list[SpanRow]:
        """Lines of the tree, from the one in place `first`."""
        return [self.row(number) for number in self._numbers[first : None if count is None else first + count]]

    def row(self, number: int) -> SpanRow:
        """The line of a span of the shape."""
        shape = self.shape
        span = {name: values[shape.places[number]] for name, values in shape.columns.items()}
        left, width = self._window.bar(shape.begins[number], shape.lengths[number]) or (None, None)
        weighed, largest = self._dearest
        return SpanRow(
            number=number,
            span_id=span["span_id"],
            name=self.name_of(number),
            kind=span["kind"],
            status=span["status"] or "unset",
            depth=shape.depths[number],
            children=shape.child_counts[number],
            descendants=shape.below[number],
            is_orphan=shape.depths[number] == 0 and span["parent_span_id"] is not None,
            is_critical=number in self.critical,
            left=left,
            width=width,
            duration_ms=span["duration_ms"],
            total_tokens=span["total_tokens"],
            cost_usd=span["cost_usd"],
            heat=heat(span[weighed], largest),
            model=span["model"],
        )

    def first_to_read(self) -> str:
        """The id of the span to open with: the first that failed by itself, else the root."""
        columns = self.shape.columns
        ids, parent_ids, statuses = (columns[name] for name in ("span_id", "parent_span_id", "status"))
        failed = [place for place, status in enumerate(statuses) if status == "error"]
        failed_parents = {parent_ids[place] for place in failed}
        by_itself = (place for place in failed if ids[place] not in failed_parents)
        return str(ids[next(by_itself, self.shape.places[0])])

    @cached_property
    def _dearest(self) -> tuple[str, float]:
        """By which column spans are weighed, and its largest value: costs where any is known, else tokens."""
        for name in ("cost_usd", "total_tokens"):
            if largest := max(filter(None, self.shape.columns[name]), default=0):
                return name, largest
        return "cost_usd", 0


def heat(value: float | None, largest: float) -> int:
    """In which fifth of the largest value a value is; 0 for none."""
    if not value or value < 0 or not largest:
        return 0
    return min(HEAT_LEVELS, 1 + int(HEAT_LEVELS * value / largest))


def _depth_first(shape: TraceShape) -> list[int]:
    """In which row each span stands."""
    rows, free = [0] * len(shape), [0] * len(shape)  # free: the next row below each span
    top = 0
    for number, parent in enumerate(shape.parents):
        row = top if parent < 0 else free[parent]
        rows[number] = row
        free[number] = row + 1
        if parent < 0:
            top = row + shape.below[number] + 1
        else:
            free[parent] = row + shape.below[number] + 1
    return rows
