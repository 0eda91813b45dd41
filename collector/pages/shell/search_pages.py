"""Routes: the search for whatever there is."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from assay.collector.pages.shell.search_source import find, marked, messages_with
from assay.collector.pages.source import Row, Source
from assay.collector.pages.web import PageRoute, fragment, get_source, page, seen_project

router = APIRouter(route_class=PageRoute, include_in_schema=False)
FromSource = Annotated[Source, Depends(get_source)]
MOST_TRACES = 20


@router.get("/search")
def search(request: Request, source: FromSource, q: str = "", project: str = "") -> Response:
    """By name, and in messages."""
    chosen = _known(source, project or seen_project(request))
    typed = q.strip()
    traces = messages_with(source, chosen, typed, MOST_TRACES) if typed and chosen is not None else []
    return page(
        request,
        "shell/search.html",
        title="Search",
        source=source,
        project=chosen,
        q=typed,
        found=[one for one in find(source, chosen, typed) if one.kind != "search"] if typed else [],
        traces=[{**row, "places": _places(row, typed)} for row in traces],
        most=MOST_TRACES,
    )


@router.get("/search/suggestions")
def suggestions(request: Request, source: FromSource, q: str = "", project: str = "") -> Response:
    """Options for the palette: by name alone, so it is quick however large the store is."""
    chosen = _known(source, project or seen_project(request))
    return fragment("shell/suggestions.html", found=find(source, chosen, q))


def _known(source: Source, project: str | None) -> str | None:
    return project if project in source.projects() else None


def _places(row: Row, typed: str) -> list[tuple[str, list[tuple[bool, str]]]]:
    """Where the words stand: ("Input", runs of marked text)."""
    texts = (("Input", row.get("input")), ("Output", row.get("output")))
    return [(label, marked(text, typed)) for label, text in texts if text and typed.lower() in text.lower()]
