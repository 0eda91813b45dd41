"""A filter as it is typed, taken apart into words: for chips, facets, and completion while it is half written. Pure.

Nothing here decides what a filter means: that is the filter language's, which reads the text anew.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "name", "number", "sign", "open", "close", "other"]

_WORD = re.compile(
    r"(?P<text>'(?:[^']|'')*(?:'|$))|(?P<name>\"[^\"]*\"?|[A-Za-z_][\w.]*)|(?P<number>\d[\w.]*)"
    r"|(?P<sign><=|>=|<>|!=|[=<>,+\-*/])|(?P<open>[(\[])|(?P<close>[)\]])|(?P<other>\S)"
)


@dataclass(frozen=True, slots=True)
class Word:
    kind: Kind
    text: str
    start: int
    end: int

    @property
    def lower(self) -> str:
        return self.text.lower()


def words(text: str) -> list[Word]:
    """The words of a filter; a text that is not closed reaches to the end."""
    found = _WORD.finditer(text)
    return [Word(match.lastgroup, match[0], *match.span()) for match in found]  # type: ignore[arg-type]  # the groups are the kinds


def conjuncts(text: str) -> list[str]:
    """The conditions that all have to hold; one, the whole text, where they are not simply joined by `and`."""
    depth, in_between, cuts = 0, False, [0]
    for word in words(text):
        depth += {"open": 1, "close": -1}.get(word.kind, 0)
        if depth or word.kind != "name":
            continue
        if word.lower == "or":
            return [text.strip()]
        if word.lower == "between":
            in_between = True
        elif word.lower == "and" and in_between:
            in_between = False
        elif word.lower == "and":
            cuts += [word.start, word.end]
    cuts.append(len(text))
    parts = [text[start:end].strip() for start, end in zip(cuts[::2], cuts[1::2], strict=True)]
    return [part for part in parts if part]


def without(parts: list[str], number: int) -> str:
    """The filter that is left when one of its conditions is taken out."""
    return " and ".join(part for place, part in enumerate(parts) if place != number)


def joined(text: str, condition: str) -> str:
    """The filter `text`, and one more condition; the same where it asks for it already."""
    parts = conjuncts(text)
    if condition in parts:
        return text
    has_or = len(parts) == 1 and any(word.lower == "or" and word.kind == "name" for word in words(text))
    return " and ".join([f"({text})"] if has_or else parts) + f" and {condition}" if parts else condition
