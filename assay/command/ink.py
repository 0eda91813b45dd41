"""Lines for a terminal of some width, with or without colour. Plain strings: quick enough for 100,000 of them."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.console import Console

STYLES = {"error": "31", "good": "32", "warning": "33", "name": "1", "kind": "36", "quiet": "2"}


@dataclass(frozen=True, slots=True)
class Ink:
    """`width` in cells; 0 or less never cuts anything."""

    width: int
    is_coloured: bool

    def paint(self, text: str, style: str | None) -> str:
        if not (self.is_coloured and style and text):
            return text
        return f"\x1b[{STYLES[style]}m{text}\x1b[0m"


def terminal() -> Ink:
    """How wide standard output is, and whether it takes colours."""
    console = Console()
    return Ink(console.width, console.is_terminal and not console.no_color)


def cut(text: str, width: int) -> str:
    """At most `width` cells; what was longer ends in an ellipsis. Wide characters count twice."""
    if len(text) <= width and text.isascii():
        return text
    if cell_len(text) <= width:
        return text
    return "…" if width <= 1 else set_cell_size(text, width - 1).rstrip() + "…"


def padded(text: str, width: int, *, right: bool = False) -> str:
    """Exactly `width` cells."""
    text = cut(text, width)
    blanks = " " * (width - cell_len(text))
    return blanks + text if right else text + blanks


def wrapped(text: str, width: int, most: int | None = None) -> list[str]:
    """One long line in pieces of `width` cells, parted at blanks where there are any.

    Args:
        most: pieces; the last one ends in an ellipsis where there would be more.
    """
    pieces: list[str] = []
    width, at = max(width, 2), 0
    while at < len(text):
        end = _end_of(text, at, width)
        if most is not None and len(pieces) == most - 1 and end < len(text):
            return [*pieces, cut(text[at:end] + "……", width)]
        if end < len(text) and text[end] != " ":
            blank = text.rfind(" ", at, end)
            end = blank if blank > at + width // 2 else end
        pieces.append(text[at:end].rstrip(" "))
        at = end
        while at < len(text) and text[at] == " ":
            at += 1
    return pieces


def _end_of(text: str, at: int, width: int) -> int:
    """How far `width` cells reach; one character at least, and never endless rows of marks that have no width."""
    piece = text[at : at + width]
    if piece.isascii():
        return at + len(piece)
    cells, end = 0, at
    for char in text[at : at + width * 8]:
        cells += cell_len(char)
        if cells > width and end > at:
            break
        end += 1
    return end
