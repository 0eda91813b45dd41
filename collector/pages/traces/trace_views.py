"""The views of a trace: one table. Each is a template, and a function that says what is in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request

from assay.collector.pages.source import Row
from assay.collector.pages.traces.chat_pages import chat_context
from assay.collector.pages.traces.details_source import DetailsSource
from assay.collector.pages.traces.json_view import json_view
from assay.collector.pages.traces.opened_trace import OpenedTrace
from assay.collector.pages.traces.span_table import table_view
from assay.collector.pages.traces.timeline import timeline_view
from assay.collector.pages.traces.tree_view import tree_view

Shown = Callable[[OpenedTrace, DetailsSource, Request], Row]


@dataclass(frozen=True, slots=True)
class View:
    """`key` is what `view=` of the address says, and names the template traces/view_<key>.html."""

    key: str
    label: str
    show: Shown  # what its template gets besides what every view has
    has_details: bool = True  # of the selected span, beside it


VIEWS = (
    View("tree", "Tree", lambda opened, more, request: tree_view(opened)),
    View("chat", "Chat", lambda opened, more, request: chat_context(more, request, opened.trace), has_details=False),
    View("timeline", "Timeline", lambda opened, more, request: timeline_view(opened)),
    View("table", "Table", lambda opened, more, request: table_view(opened)),
    View("json", "JSON", lambda opened, more, request: json_view(opened), has_details=False),
)


def view_named(key: str) -> View:
    """The view that an address asks for; the tree where it asks for none that there is."""
    return next((view for view in VIEWS if view.key == key), VIEWS[0])
