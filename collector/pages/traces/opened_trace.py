"""A trace as its page has it open: its row, its tree, and what the address asks to see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from assay.collector.pages.source import Row
from assay.collector.pages.traces.critical_path import critical_path
from assay.collector.pages.traces.span_tree import SpanTree
from assay.collector.pages.traces.trace_address import TraceAddress, TraceQuery
from assay.collector.pages.traces.trace_shape import TraceShape, trace_shape
from assay.collector.pages.traces.zoom import Window, window_of


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedTrace:
    trace: Row  # with `scores` in full, without its spans
    address: TraceAddress
    tree: SpanTree
    window: Window
    number: int  # of the selected span, in the shape

    @classmethod
    def of(cls, outline: Row, project: str, asked: TraceQuery) -> Self:
        """The trace of an outline, with the span that the address names, else the one to read first."""
        shape = trace_shape(outline["columns"])
        window = window_of(asked.zoom, shape.length_ns)
        tree = SpanTree(shape, window, critical_path(shape))
        number = tree.number_of(asked.span)
        if number is None:
            number = tree.number_of(tree.first_to_read()) or 0
        trace = {name: value for name, value in outline.items() if name != "columns"}
        address = TraceAddress(project, trace["trace_id"], asked)
        return cls(trace=trace, address=address, tree=tree, window=window, number=number)

    @property
    def shape(self) -> TraceShape:
        return self.tree.shape

    @property
    def asked(self) -> TraceQuery:
        return self.address.query

    @property
    def may_grow(self) -> bool:
        """Whether spans are still to come: it runs, or a parent of what is here is not."""
        shape, parent_ids = self.shape, self.shape.columns["parent_span_id"]
        return self.trace["status"] == "in_progress" or any(parent_ids[shape.places[top]] for top in shape.tops())

    @property
    def unread(self) -> int:
        """How many spans are not here: a page reads so many, and says so."""
        return max(0, int(self.trace["span_count"]) - len(self.shape))
