"""The view of a trace as JSON: its row, and its spans one by one, each read when it is opened."""

from __future__ import annotations

from assay.collector.pages.source import Row
from assay.collector.pages.traces.opened_trace import OpenedTrace

SPANS_A_PAGE = 100


def json_view(opened: OpenedTrace) -> Row:
    tree = opened.tree
    words = opened.asked.find.casefold()
    matching = [number for number in tree.in_order() if words in tree.name_of(number).casefold()] if words else None
    every = tree.in_order() if matching is None else matching
    first = max(0, min(opened.asked.rows, len(every)) - 1)
    return {
        "rows": [tree.row(number) for number in every[first : first + SPANS_A_PAGE]],
        "first_row": first + 1,
        "row_count": len(every),
        "page_size": SPANS_A_PAGE,
    }
