"""Tables of figures: what an evaluation measured, and what differs between two. No figure is computed here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assay.notebook.frame import box, link, table
from assay.notebook.markup import Markup, tag

COLOURS = {"improved": "good", "regressed": "bad"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of a table, spelled out: numbers have their digits already."""

    name: str
    cells: Sequence[str]  # as many as there are headings
    words: str  # the last, long cell
    outcome: str = ""  # improved, regressed, or anything else


def figures_html(
    title: str,
    headings: Sequence[str],
    figures: Sequence[Figure],
    *,
    last: str,
    notes: Sequence[str],
    url: str,
    told_address: str,
) -> str:
    """A titled table of figures, what else there is to know, and where the page is.

    Args:
        headings: of the numbers; the names stand before them, `last` is the heading of the words behind.
        told_address: what is told where the address alone would not do.
    """
    head = [("scorer", None), *((words, "number") for words in headings), (last, "long")]
    rows = [_row(figure) for figure in figures]
    address = link(url, url) if told_address == url else tag("span", told_address)
    return box(
        tag("h4", title),
        table(head, rows),
        [tag("p", note, cls="quiet") for note in notes],
        tag("p", address),
    )


def _row(figure: Figure) -> list[Markup]:
    colour = COLOURS.get(figure.outcome)
    numbers = [tag("td", cell, cls="number") for cell in figure.cells]
    words = tag("td", figure.words, cls=f"long {colour}" if colour else "long")
    return [tag("td", figure.name), *numbers, words]
