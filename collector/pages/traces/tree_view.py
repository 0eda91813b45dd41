"""The view of the tree: the lines around the selected span, and the data of all of them for the script."""

from __future__ import annotations

from typing import Any

from assay.collector.pages.formats import time_note
from assay.collector.pages.source import Row
from assay.collector.pages.traces import tree_payload
from assay.collector.pages.traces.minimap import minimap
from assay.collector.pages.traces.opened_trace import OpenedTrace
from assay.collector.pages.traces.recent_shapes import RECENT

FIRST_ROWS = 60  # before the script takes over
ROWS_WITHOUT_SCRIPT = 200


def tree_view(opened: OpenedTrace) -> Row:
    tree, window = opened.tree, opened.window
    first = _first_row(opened)
    shown = tree.rows(first, ROWS_WITHOUT_SCRIPT)
    return {
        "rows": shown[:FIRST_ROWS],
        "more_rows": shown[FIRST_ROWS:],
        "first_row": first + 1,
        "row_count": len(tree),
        "page_size": ROWS_WITHOUT_SCRIPT,
        "ticks": window.ticks(),
        "window": window,
        "minimap": minimap(opened.shape, tree.critical),
        "has_notes": any(time_note(status) for status in set(opened.shape.columns["status"])),
        "payload": _payload(opened),
    }


def _first_row(opened: OpenedTrace) -> int:
    """The page of lines that is asked for, else the one with the selected span."""
    if opened.asked.rows:
        return max(0, min(opened.asked.rows, len(opened.tree)) - 1)
    line = opened.tree.row_of(opened.number)
    return 0 if line < FIRST_ROWS else line - line % FIRST_ROWS


def _payload(opened: OpenedTrace) -> dict[str, Any]:
    """The tree for the script: whole, or where to get it."""
    shape, address = opened.shape, opened.address
    head: dict[str, Any] = tree_payload.head(shape)
    if len(shape) <= tree_payload.INLINE:
        return head | {"chunks": list(tree_payload.chunks(shape, opened.tree.critical))}
    state = RECENT.keep(address.project, address.trace_id, shape, opened.tree.critical)
    return head | {"url": address.part("tree", state=state)}
