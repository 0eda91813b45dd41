"""What the address of a trace says: which span, which view of which part, and the list that the reader came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Query

from assay.collector.pages import urls


@dataclass(frozen=True, slots=True)
class TraceQuery:
    """The query of a trace's address, as FastAPI reads it."""

    span: str = ""
    tab: str = ""
    view: str = "tree"
    zoom: str = ""
    find: Annotated[str, Query(max_length=200)] = ""
    sort: str = ""
    rows: Annotated[int, Query(ge=0)] = 0  # the first line shown, from 1; 0: where the span is
    q: str = ""
    start: Annotated[str, Query(alias="from")] = ""
    end: Annotated[str, Query(alias="to")] = ""

    @property
    def within(self) -> Mapping[str, str]:
        """The list that the reader came from: its filter and its time."""
        return {"q": self.q, "from": self.start, "to": self.end}


@dataclass(frozen=True, slots=True)
class TraceAddress:
    """Addresses of the same trace, of its parts and of its neighbours, that keep what they should."""

    project: str
    trace_id: str
    query: TraceQuery

    def page(self, **changes: Any) -> str:
        """This page with another span, view, zoom, …: all else stays, but the page of rows."""
        query = self.query
        view = "" if query.view == "tree" else query.view
        kept = {"span": query.span, "tab": query.tab, "view": view, "zoom": query.zoom, "find": query.find}
        kept |= {"sort": query.sort, **query.within}
        if changes.get("view") == "tree":
            changes |= {"view": ""}
        return urls.trace(self.project, self.trace_id, **{**kept, **changes})

    def part(self, name: str, /, **query: Any) -> str:
        """What a script asks for: the tree, spans that hold a text, spans of the table, …"""
        return urls.with_query(f"{urls.trace(self.project, self.trace_id)}/{name}", **query)

    def neighbour(self, name: str) -> str:
        """`newer` or `older`: the trace beside this one in the reader's list."""
        view = "" if self.query.view == "tree" else self.query.view
        return self.part(name, **self.query.within, view=view)
