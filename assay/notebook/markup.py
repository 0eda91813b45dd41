"""HTML that is safe by construction: a text becomes markup only by being escaped."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Iterable

KEPT = "\n\t\u200c\u200d"


class Markup(str):
    """Markup already. Only this module makes it of a text."""


def escaped(text: object) -> Markup:
    """A text as it can stand in an element or an attribute; without control characters and halves of characters."""
    told = "".join(
        "\N{REPLACEMENT CHARACTER}" if char not in KEPT and unicodedata.category(char) in ("Cc", "Cs") else char
        for char in str(text)
    )
    return Markup(html.escape(told, quote=True))


def tag(name: str, *children: object, cls: str | None = None, **attributes: str | None) -> Markup:
    """An element. Children that are not `Markup` are escaped, None is left out, lists of markup are joined.

    Args:
        attributes: of these, None is left out; `cls` is the class.
    """
    given = {"class": cls, **attributes}
    written = "".join(f' {key}="{escaped(value)}"' for key, value in given.items() if value is not None)
    return Markup(f"<{name}{written}>{joined(children)}</{name}>")


def joined(children: Iterable[object]) -> Markup:
    return Markup("".join(_child(child) for child in children))


def _child(child: object) -> str:
    if child is None:
        return ""
    if isinstance(child, Markup):
        return child
    if isinstance(child, (list, tuple)):
        return joined(child)
    return escaped(child)
